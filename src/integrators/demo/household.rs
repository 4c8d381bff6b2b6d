//! Who lives behind an account, and how they read their meter and pay.

use chrono::{Duration, NaiveDate};
use entity::exact::{Coefficient, Money, Quantity, YearMonth};

use super::calendar;
use super::companies::Company;
use super::dice::Dice;
use super::utilities::{Direction, MeterType, Utility};

/// Accounts that a guide or a test wants to find, at the first places of a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    Ordinary,
    /// The screen of the instruction: one meter that shows 27927, a debt of 1956.85.
    Debtor,
    Overpaid,
    Unmetered,
    VerificationExpired,
    /// A 5-digit meter that shows 99987.
    AboutToRollOver,
    TwoZone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporter {
    /// Sends a reading every month.
    Always,
    /// Forgets about every second month.
    Sometimes,
    /// Sent the last one in this period (counted from 0).
    Until(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    /// Each bill in full.
    Prompt,
    /// Each bill, up to the next hundred roubles.
    RoundingUp,
    /// Large sums before they are due.
    Ahead,
    /// Every third month everything.
    Seldom,
    /// A part, or nothing.
    Debtor,
    /// Stopped so that the debt ends up being this.
    UpTo(Money),
}

#[derive(Clone, Copy, Debug)]
pub struct MeterPlan {
    pub kind: MeterType,
    /// What it shows at the last reading, when that matters.
    pub last_shown: Option<i64>,
    pub installed_on: NaiveDate,
    pub verification_due_on: NaiveDate,
    /// The period (from 0) in which another meter took its place.
    pub replaced_in: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Household {
    pub direction: Direction,
    pub residents: i64,
    /// The period (from 0) from which one more person lives there.
    pub child_in: Option<usize>,
    pub square_metres: i64,
    pub in_a_block: bool,
    pub attachable: bool,
    pub two_zone: bool,
    pub coefficient: Coefficient,
    pub meter: Option<MeterPlan>,
    pub reporter: Reporter,
    pub payer: Payer,
}

impl Cast {
    /// The part that the account at `index` of a company plays.
    pub fn of(company: &Company, first_of_all: bool, index: u64) -> Self {
        match (index, company.utility) {
            (0, Utility::Power) => Self::TwoZone,
            _ if !first_of_all => Self::Ordinary,
            (0, _) => Self::Debtor,
            (1, _) => Self::Overpaid,
            (2, _) => Self::Unmetered,
            (3, _) => Self::VerificationExpired,
            (4, _) => Self::AboutToRollOver,
            _ => Self::Ordinary,
        }
    }
}

impl Household {
    pub fn of(company: &Company, cast: Cast, until: YearMonth, months: usize, dice: &mut Dice) -> Self {
        let two_zone = company.utility == Utility::Power && (cast == Cast::TwoZone || dice.chance(250));
        let direction = direction(company, two_zone, cast, dice);
        let residents = dice.pick(&[1, 1, 2, 2, 2, 3, 3, 4, 5]);
        let square_metres = if direction.heats { dice.between(60, 160) } else { dice.between(31, 92) };
        let meter = meter(company, cast, until, months, dice);
        // A two-zone meter is read every month: an average of two registers would explain nothing.
        let reporter = if cast != Cast::Ordinary || two_zone { Reporter::Always } else { reporter(months, dice) };
        let child_in = (cast == Cast::Ordinary && months > 1 && dice.chance(80)).then(|| some_period(months, dice));
        Self {
            direction,
            residents,
            child_in,
            square_metres,
            in_a_block: !direction.heats,
            attachable: cast != Cast::Ordinary || !dice.chance(10),
            two_zone,
            coefficient: coefficient(company, cast, dice),
            meter: meter.map(|plan| MeterPlan {
                replaced_in: plan.replaced_in.filter(|_| reporter == Reporter::Always && !two_zone),
                ..plan
            }),
            reporter,
            payer: payer(cast, dice),
        }
    }

    pub fn residents_in(&self, period: usize) -> i64 {
        self.residents + i64::from(self.child_in.is_some_and(|since| period >= since))
    }

    /// Units a month without a meter.
    pub fn norm_volume(&self, period: usize, month: u32) -> Quantity {
        if self.direction.norm.is_zero() {
            return Quantity(self.direction.usual_use(0, self.square_metres, month));
        }
        Quantity(self.direction.norm.0 * self.residents_in(period))
    }
}

fn direction(company: &Company, two_zone: bool, cast: Cast, dice: &mut Dice) -> Direction {
    let directions = company.utility.directions();
    let group = match (company.utility, cast) {
        (Utility::Power, _) => {
            if two_zone {
                "day-rate"
            } else {
                "single-rate"
            }
        }
        (_, Cast::Debtor | Cast::Unmetered) => "stove-heater",
        (_, Cast::Overpaid | Cast::VerificationExpired) => "stove",
        (_, Cast::AboutToRollOver) => "heating",
        _ => "",
    };
    let named = directions.iter().find(|direction| direction.group == group);
    let place = usize::try_from(dice.below(i64::try_from(directions.len()).unwrap_or(1))).unwrap_or_default();
    // No utility is without a direction; the fallback of the types is one that uses nothing.
    named.or_else(|| directions.get(place)).copied().unwrap_or(NOTHING)
}

const NOTHING: Direction = Direction {
    group: "none",
    name: "",
    price: entity::exact::Price(0),
    norm: Quantity(0),
    use_of_household: 0,
    use_of_person: 0,
    use_of_square_metre: 0,
    season: &[0; 12],
    heats: false,
};

fn meter(company: &Company, cast: Cast, until: YearMonth, months: usize, dice: &mut Dice) -> Option<MeterPlan> {
    let kind = dice.pick(company.utility.meter_types());
    let unmetered = dice.chance(90);
    let first_day = until.first_day();
    let days_left = match cast {
        Cast::VerificationExpired => -dice.between(40, 400),
        // About one in forty is overdue, as many are due soon.
        Cast::Ordinary => dice.between(-80, 3000),
        _ => dice.between(400, 2500),
    };
    let verification_due_on = first_day + Duration::days(days_left);
    let replaced_in = (cast == Cast::Ordinary && months > 2 && dice.chance(20)).then(|| some_period(months, dice));
    let last_shown = match cast {
        Cast::Debtor => Some(27_927),
        Cast::AboutToRollOver => Some(99_987),
        _ => None,
    };
    if company.utility == Utility::Heat || cast == Cast::Unmetered || unmetered && cast == Cast::Ordinary {
        return None;
    }
    // Verified at the factory some months before it was installed, for ten years.
    let installed_on = verification_due_on - Duration::days(3652 - dice.between(20, 200));
    let beginning = calendar::periods(until, u32::try_from(months).unwrap_or(1) + 2).first().copied();
    let installed_on = installed_on.min(beginning.map_or(installed_on, YearMonth::first_day));
    Some(MeterPlan { kind, last_shown, installed_on, verification_due_on, replaced_in })
}

fn reporter(months: usize, dice: &mut Dice) -> Reporter {
    match dice.below(100) {
        0..78 => Reporter::Always,
        78..93 => Reporter::Sometimes,
        _ => Reporter::Until(some_period(months, dice)),
    }
}

/// A period after the first one; 0 when there is only one.
fn some_period(months: usize, dice: &mut Dice) -> usize {
    let last = i64::try_from(months).unwrap_or(1).saturating_sub(1);
    usize::try_from(dice.between(last.min(1), last)).unwrap_or_default()
}

fn coefficient(company: &Company, cast: Cast, dice: &mut Dice) -> Coefficient {
    // A gas meter outside a heated room, without compensation of its own.
    let corrected = company.utility == Utility::Gas && cast == Cast::Ordinary && dice.chance(200);
    if corrected { Coefficient(dice.between(96, 104) * 10_000) } else { Coefficient::ONE }
}

fn payer(cast: Cast, dice: &mut Dice) -> Payer {
    match (cast, dice.below(100)) {
        (Cast::Debtor, _) => Payer::UpTo(Money(195_685)),
        (Cast::Overpaid, _) | (Cast::Ordinary, 78..85) => Payer::Ahead,
        (Cast::Ordinary, 68..78) => Payer::RoundingUp,
        (Cast::Ordinary, 85..94) => Payer::Seldom,
        (Cast::Ordinary, 94..100) => Payer::Debtor,
        _ => Payer::Prompt,
    }
}
