//! Addresses that look like those of a region.

use super::companies::Company;
use super::dice::Dice;

const STREETS: &[&str] = &[
    "ул. Садовая",
    "ул. Мира",
    "ул. Лесная",
    "ул. Заречная",
    "ул. Ленина",
    "ул. Гагарина",
    "ул. 9 Января",
    "ул. Кольцовская",
    "пр-т Победы",
    "ул. Чапаева",
    "ул. Железнодорожная",
    "пер. Тихий",
    "ул. Новая",
    "ул. 40 лет Октября",
    "б-р Строителей",
    "ул. Матросова",
    "ул. Циолковского",
    "ул. Первомайская",
    "наб. Речная",
    "ул. Школьная",
];

/// A flat of a block, or a house of its own.
pub fn address(company: &Company, in_a_block: bool, dice: &mut Dice) -> String {
    let town = dice.pick(company.towns);
    let street = dice.pick(STREETS);
    let house = dice.between(1, 180);
    let letter = if dice.chance(120) { dice.pick(&["а", "б", "/1", "/2"]) } else { "" };
    if in_a_block {
        format!("{}, {town}, {street}, д. {house}{letter}, кв. {}", company.region, dice.between(1, 160))
    } else {
        format!("{}, {town}, {street}, д. {house}{letter}", company.region)
    }
}
