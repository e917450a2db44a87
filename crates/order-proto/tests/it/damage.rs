//! Damaged bytes are an error, never a panic and never a wrong value out of range.

use crate::samples;
use order_core::domain::State;
use order_proto::storage::{
    DecodeError, decode_event_data, decode_order, decode_parked_fact, encode_order,
};
use proptest::prelude::*;

/// `field` as a varint with this value, to be appended: the last one of a scalar field counts
/// (<https://protobuf.dev/programming-guides/encoding/#last-one-wins>).
fn varint(field: u32, value: u8) -> Vec<u8> {
    let key = field << 3;
    // Two bytes: every field of interest is above 15 or written so all the same.
    vec![
        u8::try_from(key & 0x7F).unwrap() | 0x80,
        u8::try_from(key >> 7).unwrap(),
        value,
    ]
}

#[test]
fn a_code_of_a_newer_version_is_named() {
    let mut bytes = encode_order(&samples::fresh());
    bytes.extend(varint(18, 99));
    let error = decode_order(&bytes).unwrap_err();
    assert_eq!(
        error,
        DecodeError::Field {
            field: "state",
            value: "99".to_owned()
        }
    );
    assert_eq!(
        error.to_string(),
        "stored field state holds 99, which this version does not know"
    );
}

#[test]
fn the_last_value_of_a_field_counts() {
    let mut bytes = encode_order(&samples::fresh());
    bytes.extend(varint(18, State::Expired.code()));
    assert_eq!(decode_order(&bytes).unwrap().state, State::Expired);
}

#[test]
fn a_field_of_a_newer_version_is_passed_over() {
    let mut bytes = encode_order(&samples::fresh());
    bytes.extend(varint(999, 1));
    assert_eq!(decode_order(&bytes).unwrap(), samples::fresh());
}

#[test]
fn nothing_is_no_order_no_event_and_no_fact() {
    assert!(matches!(
        decode_order(&[]),
        Err(DecodeError::Field {
            field: "order_id",
            ..
        })
    ));
    assert!(matches!(
        decode_event_data(&[]),
        Err(DecodeError::Field { field: "data", .. })
    ));
    assert!(matches!(
        decode_parked_fact(&[]),
        Err(DecodeError::Field {
            field: "parked.order",
            ..
        })
    ));
}

#[test]
fn an_order_cut_off_anywhere_is_an_error_or_a_shorter_order() {
    let whole = encode_order(&samples::orders().pop().unwrap().1);
    let order = decode_order(&whole).unwrap();
    for end in 0..whole.len() {
        if let Ok(shorter) = decode_order(&whole[..end]) {
            assert_ne!(shorter, order, "cut off at {end}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        // Most are malformed; whatever they are, there is an answer.
        let known = [decode_order(&bytes).is_ok(), decode_event_data(&bytes).is_ok(), decode_parked_fact(&bytes).is_ok()];
        prop_assert!(!known.into_iter().all(|ok| ok));
    }

    #[test]
    fn a_changed_byte_does_not_panic(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes = encode_order(&samples::orders().pop().unwrap().1);
        let at = at.index(bytes.len());
        let same = bytes[at] == to;
        bytes[at] = to;
        let read = decode_order(&bytes).ok();
        prop_assert!(!same || read == Some(samples::orders().pop().unwrap().1));
    }
}
