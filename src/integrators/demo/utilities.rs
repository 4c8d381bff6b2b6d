//! What is supplied: services, directions of use, seasons, meters.

use entity::enums::Unit;
use entity::exact::{Price, Quantity};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utility {
    Gas,
    Power,
    Water,
    Heat,
}

/// A direction of use: its tariff and how much a household uses.
#[derive(Clone, Copy, Debug)]
pub struct Direction {
    pub group: &'static str,
    pub name: &'static str,
    /// At the beginning of the price history.
    pub price: Price,
    /// Units a person and month without a meter; zero where the area counts.
    pub norm: Quantity,
    /// An average month: of the household, of each person, of each square metre; ten-thousandths of the unit.
    pub use_of_household: i64,
    pub use_of_person: i64,
    pub use_of_square_metre: i64,
    /// Per mille of an average month, January first.
    pub season: &'static [i64; 12],
    pub heats: bool,
}

/// A service billed beside the main one.
#[derive(Clone, Copy, Debug)]
pub struct Extra {
    pub code: &'static str,
    pub name: &'static str,
    pub unit: Unit,
    pub group: &'static str,
    pub price: Price,
    pub volume: ExtraVolume,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtraVolume {
    /// One a month.
    Fixed,
    /// As much as of the main service.
    AsMain,
    /// What the second register of a two-zone meter counted.
    Night,
}

#[derive(Clone, Copy, Debug)]
pub struct MeterType {
    pub model: &'static str,
    pub integer_digits: i16,
    pub fraction_digits: i16,
}

impl Default for MeterType {
    fn default() -> Self {
        Self { model: "", integer_digits: 5, fraction_digits: 0 }
    }
}

const EVEN: &[i64; 12] = &[1060, 1040, 1030, 1000, 970, 930, 900, 920, 980, 1020, 1060, 1090];
const COLD: &[i64; 12] = &[2150, 1950, 1600, 900, 350, 180, 150, 160, 350, 950, 1500, 2000];
const DARK: &[i64; 12] = &[1180, 1120, 1050, 960, 900, 860, 850, 880, 930, 1010, 1090, 1170];
const HEATED: &[i64; 12] = &[1000, 1000, 1000, 1000, 0, 0, 0, 0, 0, 1000, 1000, 1000];

const GAS: &[Direction] = &[
    Direction {
        group: "stove",
        name: "Газ природный (плита)",
        price: Price(943_100),
        norm: Quantity(100_000),
        use_of_household: 15_000,
        use_of_person: 62_000,
        use_of_square_metre: 0,
        season: EVEN,
        heats: false,
    },
    Direction {
        group: "stove-heater",
        name: "Газ природный (плита и водонагреватель)",
        price: Price(876_400),
        norm: Quantity(250_000),
        use_of_household: 20_000,
        use_of_person: 165_000,
        use_of_square_metre: 0,
        season: EVEN,
        heats: false,
    },
    Direction {
        group: "heating",
        name: "Газ природный (отопление)",
        price: Price(654_300),
        norm: Quantity(1_100_000),
        use_of_household: 30_000,
        use_of_person: 120_000,
        use_of_square_metre: 14_500,
        season: COLD,
        heats: true,
    },
];

const POWER: &[Direction] = &[
    Direction {
        group: "single-rate",
        name: "Электроэнергия",
        price: Price(521_000),
        norm: Quantity(800_000),
        use_of_household: 550_000,
        use_of_person: 480_000,
        use_of_square_metre: 0,
        season: DARK,
        heats: false,
    },
    Direction {
        group: "day-rate",
        name: "Электроэнергия, день",
        price: Price(599_000),
        norm: Quantity(800_000),
        use_of_household: 650_000,
        use_of_person: 490_000,
        use_of_square_metre: 0,
        season: DARK,
        heats: false,
    },
];

const WATER: &[Direction] = &[Direction {
    group: "household",
    name: "Холодное водоснабжение",
    price: Price(3_184_000),
    norm: Quantity(47_450),
    use_of_household: 6_000,
    use_of_person: 33_000,
    use_of_square_metre: 0,
    season: EVEN,
    heats: false,
}];

const HEAT: &[Direction] = &[Direction {
    group: "block",
    name: "Отопление",
    price: Price(213_478_000),
    norm: Quantity(0),
    use_of_household: 0,
    use_of_person: 0,
    use_of_square_metre: 234,
    season: HEATED,
    heats: false,
}];

const fn fixed(code: &'static str, name: &'static str, price: Price) -> Extra {
    Extra { code, name, unit: Unit::Month, group: "household", price, volume: ExtraVolume::Fixed }
}

const MAINTENANCE: &[Extra] = &[fixed("maintenance", "Техническое обслуживание оборудования", Price(6_240_000))];
const NIGHT: &[Extra] = &[Extra {
    code: "power-night",
    name: "Электроэнергия, ночь",
    unit: Unit::KilowattHour,
    group: "night-rate",
    price: Price(338_000),
    volume: ExtraVolume::Night,
}];
const SEWAGE: &[Extra] = &[Extra {
    code: "sewage",
    name: "Водоотведение",
    unit: Unit::CubicMetre,
    group: "household",
    price: Price(2_263_000),
    volume: ExtraVolume::AsMain,
}];

impl Utility {
    /// Code of the main service.
    pub const fn service(self) -> &'static str {
        match self {
            Self::Gas => "gas",
            Self::Power => "power",
            Self::Water => "water",
            Self::Heat => "heat",
        }
    }

    pub const fn unit(self) -> Unit {
        match self {
            Self::Gas | Self::Water => Unit::CubicMetre,
            Self::Power => Unit::KilowattHour,
            Self::Heat => Unit::Gigacalorie,
        }
    }

    pub const fn directions(self) -> &'static [Direction] {
        match self {
            Self::Gas => GAS,
            Self::Power => POWER,
            Self::Water => WATER,
            Self::Heat => HEAT,
        }
    }

    pub const fn extras(self) -> &'static [Extra] {
        match self {
            Self::Gas => MAINTENANCE,
            Self::Power => NIGHT,
            Self::Water => SEWAGE,
            Self::Heat => &[],
        }
    }

    pub const fn meter_types(self) -> &'static [MeterType] {
        const fn meter(model: &'static str, integer_digits: i16, fraction_digits: i16) -> MeterType {
            MeterType { model, integer_digits, fraction_digits }
        }
        const GAS: &[MeterType] = &[meter("СГБ-4", 5, 0), meter("СГК-G4", 5, 0), meter("ВК-G4", 5, 0)];
        const POWER: &[MeterType] = &[meter("Меркурий 201", 6, 0), meter("Нева 103", 6, 0)];
        const WATER: &[MeterType] = &[meter("СВК-15", 5, 3), meter("Бетар СХВ-15", 5, 3)];
        match self {
            Self::Gas => GAS,
            Self::Power => POWER,
            Self::Water => WATER,
            Self::Heat => &[],
        }
    }

    pub const fn usual_monthly_maximum(self) -> Quantity {
        match self {
            Self::Gas => Quantity(12_000_000),
            Self::Power => Quantity(20_000_000),
            Self::Water => Quantity(500_000),
            Self::Heat => Quantity(100_000),
        }
    }
}

impl Direction {
    /// What a household would use in the month (1 to 12) of an ordinary year, ten-thousandths of the unit.
    pub fn usual_use(&self, residents: i64, square_metres: i64, month: u32) -> i64 {
        let average = self.use_of_household + self.use_of_person * residents + self.use_of_square_metre * square_metres;
        let at = usize::try_from(month).unwrap_or(1).saturating_sub(1);
        average * self.season.get(at).copied().unwrap_or(1000) / 1000
    }
}
