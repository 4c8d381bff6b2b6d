//! TypeIDs (jetify-com/typeid, version 0.3): a prefix that names the type, and the UUID in Crockford's base 32.

use entity::ids::TypedId;
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in groups of five.
const LENGTH: usize = 26;

pub fn encode<T: TypedId>(id: T) -> String {
    text(T::PREFIX, id.uuid())
}

pub fn text(prefix: &str, uuid: Uuid) -> String {
    let number = uuid.as_u128();
    let digits = (0..LENGTH).rev().filter_map(|place| {
        let five_bits = (number >> (place * 5)) & 31;
        ALPHABET.get(usize::try_from(five_bits).ok()?).copied().map(char::from)
    });
    format!("{prefix}_{}", digits.collect::<String>())
}

/// None for anything that is no id of this type.
pub fn decode<T: TypedId>(id: &str) -> Option<T> {
    let (prefix, digits) = id.rsplit_once('_')?;
    // The first digit holds three bits only.
    if prefix != T::PREFIX || digits.len() != LENGTH || digits.as_bytes().first()? > &b'7' {
        return None;
    }
    let number = digits.bytes().try_fold(0_u128, |number, digit| {
        let value = ALPHABET.iter().position(|letter| *letter == digit)?;
        Some((number << 5) | u128::try_from(value).ok()?)
    })?;
    Some(T::from_uuid(Uuid::from_u128(number)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::ids::{MeterId, UserId};
    use proptest::prelude::*;

    #[test]
    fn the_published_example_reads_the_same() {
        let uuid = Uuid::parse_str("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
        assert_eq!(encode(UserId(uuid)), "user_01h455vb4pex5vsknk084sn02q");
        assert_eq!(decode::<UserId>("user_01h455vb4pex5vsknk084sn02q"), Some(UserId(uuid)));
    }

    #[test]
    fn ids_of_another_type_or_form_are_refused() {
        for text in [
            "meter_01h455vb4pex5vsknk084sn02q",
            "user_81h455vb4pex5vsknk084sn02q",
            "user_01h455vb4pex5vsknk084sn02",
            "user_01H455VB4PEX5VSKNK084SN02Q",
            "",
            "user_",
        ] {
            assert_eq!(decode::<UserId>(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_id_comes_back(number: u128) {
            let id = MeterId(Uuid::from_u128(number));
            prop_assert_eq!(decode(&encode(id)), Some(id));
        }
    }
}
