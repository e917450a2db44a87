//! What is drawn: small numbers that stand for orders, keys and fact ids, so that changes often
//! meet each other and sequences shrink to something readable.

use proptest::option;
use proptest::prelude::*;

/// A step. Every number is taken as far as it goes in the state that it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are named after what they stand for; `back`: how many versions behind"
)]
pub enum Op {
    Place {
        key: u8,
        external: Option<u8>,
        kind: u8,
    },
    Record {
        order: u8,
        back: u8,
        fact: u8,
        id: u8,
        key: Option<u8>,
    },
    Hold {
        order: u8,
        back: u8,
        key: Option<u8>,
    },
    Remember {
        order: u8,
        id: u8,
    },
    ParkById {
        order: u8,
        fact: u8,
        id: u8,
    },
    ParkByExternal {
        external: u8,
        fact: u8,
        id: u8,
    },
    Bury {
        back: u8,
    },
    Load {
        order: u8,
    },
    LoadAt {
        order: u8,
        version: u8,
    },
    LoadExternal {
        external: u8,
    },
    FindRequest {
        key: u8,
    },
    FindFact {
        id: u8,
    },
    List {
        filters: [Option<u8>; 7],
        before: Option<u8>,
        limit: u8,
    },
    History {
        order: u8,
        after: u8,
        limit: u8,
    },
    Due {
        limit: u8,
    },
    ParkedReady {
        limit: u8,
    },
    ParkedFor {
        order: u8,
        limit: u8,
    },
    ReadAfter {
        offset: u8,
        limit: u8,
    },
    Head,
}

/// Any step.
pub(super) fn any_op() -> BoxedStrategy<Op> {
    prop_oneof![
        14 => any_change(),
        1 => (0..16_u8).prop_map(|back| Op::Bury { back }),
        8 => any_question(),
    ]
    .boxed()
}

fn any_change() -> impl Strategy<Value = Op> {
    let (order, key, id, fact) = (0..6_u8, 0..10_u8, 0..10_u8, 0..24_u8);
    let back = prop_oneof![5 => Just(0_u8), 1 => 1..3_u8];
    let external = 0..4_u8;
    prop_oneof![
        4 => (key.clone(), option::of(external.clone()), any::<u8>())
            .prop_map(|(key, external, kind)| Op::Place { key, external, kind }),
        5 => (order.clone(), back.clone(), fact.clone(), id.clone(), option::weighted(0.2, key.clone()))
            .prop_map(|(order, back, fact, id, key)| Op::Record { order, back, fact, id, key }),
        2 => (order.clone(), back, option::of(key)).prop_map(|(order, back, key)| Op::Hold { order, back, key }),
        1 => (order.clone(), id.clone()).prop_map(|(order, id)| Op::Remember { order, id }),
        2 => (order, fact.clone(), id.clone()).prop_map(|(order, fact, id)| Op::ParkById { order, fact, id }),
        2 => (external, fact, id).prop_map(|(external, fact, id)| Op::ParkByExternal { external, fact, id }),
    ]
}

fn any_question() -> impl Strategy<Value = Op> {
    let (order, limit) = (0..8_u8, 1..9_u8);
    let filters = proptest::array::uniform7(option::weighted(0.2, any::<u8>()));
    prop_oneof![
        1 => order.clone().prop_map(|order| Op::Load { order }),
        1 => (order.clone(), 0..9_u8).prop_map(|(order, version)| Op::LoadAt { order, version }),
        1 => (0..5_u8).prop_map(|external| Op::LoadExternal { external }),
        1 => (0..11_u8).prop_map(|key| Op::FindRequest { key }),
        1 => (0..11_u8).prop_map(|id| Op::FindFact { id }),
        4 => (filters, option::of(order.clone()), limit.clone())
            .prop_map(|(filters, before, limit)| Op::List { filters, before, limit }),
        2 => (order.clone(), 0..9_u8, limit.clone())
            .prop_map(|(order, after, limit)| Op::History { order, after, limit }),
        2 => limit.clone().prop_map(|limit| Op::Due { limit }),
        2 => limit.clone().prop_map(|limit| Op::ParkedReady { limit }),
        2 => (order, limit.clone()).prop_map(|(order, limit)| Op::ParkedFor { order, limit }),
        2 => (any::<u8>(), limit).prop_map(|(offset, limit)| Op::ReadAfter { offset, limit }),
        1 => Just(Op::Head),
    ]
}
