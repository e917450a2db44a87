//! The lifecycle's table, row by row.

use crate::desk::{NOW, Story, time};
use order_core::domain::{
    Amendment, FulfillmentStatus, Patch, PaymentStatus, PaymentTerms, Refusal, ReturnStatus, State,
};
use std::collections::BTreeMap;
use testkit::{fact, new_order};

/// Two units at 10.00 and 2.00 shipping: 22.00 in all.
fn order(terms: PaymentTerms) -> Story {
    Story::of(
        new_order()
            .only_line(2, 1_000)
            .address()
            .amounts(0, 200, 0)
            .terms(terms),
    )
}

fn confirmed() -> Story {
    let mut story = order(PaymentTerms::Authorize);
    let facts = [
        fact::reserved("r"),
        fact::authorized(&story.order, "p", 2_200),
    ];
    assert_eq!(
        story.told(facts),
        ["order.payment_changed.v1", "order.confirmed.v1"]
    );
    story
}

#[test]
fn pending_is_confirmed_when_stock_and_terms_are_met() {
    for (terms, authorized, captured, state) in [
        (PaymentTerms::Authorize, 2_200, 0, State::Confirmed),
        (PaymentTerms::Authorize, 2_199, 0, State::Pending),
        (PaymentTerms::Authorize, 0, 2_200, State::Confirmed),
        (PaymentTerms::Capture, 2_200, 0, State::Pending),
        (PaymentTerms::Capture, 0, 2_200, State::Confirmed),
        (PaymentTerms::Invoice, 0, 0, State::Confirmed),
    ] {
        let mut story = order(terms);
        if authorized > 0 {
            story.told([fact::authorized(&story.order, "p", authorized)]);
        }
        if captured > 0 {
            story.told([fact::captured(&story.order, "p", captured)]);
        }
        assert_eq!(story.order.state, State::Pending);
        story.told([fact::reserved("r")]);
        assert_eq!(story.order.state, state, "{terms} {authorized} {captured}");
    }
}

#[test]
fn two_payments_secure_an_order_together() {
    let mut story = order(PaymentTerms::Authorize);
    let order = story.order.clone();
    story.told([
        fact::reserved("r"),
        fact::captured(&order, "gift-card", 700),
        fact::authorized(&order, "card", 1_500),
    ]);
    assert_eq!(story.order.state, State::Confirmed);
}

#[test]
fn refused_stock_rejects_and_asks_for_what_is_to_be_released() {
    let mut story = order(PaymentTerms::Authorize);
    let order = story.order.clone();
    story.told([fact::authorized(&order, "p", 2_200)]);
    assert_eq!(
        story.told([fact::refused("r")]),
        [
            "order.fulfillment_changed.v1",
            "order.rejected.v1",
            "order.payment_release_due.v1"
        ]
    );
    assert_eq!(story.order.state, State::Rejected);
    let late = story.told([fact::captured(&order, "q", 500)]);
    assert_eq!(
        late,
        [
            "order.payment_changed.v1",
            "order.held.v1",
            "order.refund_due.v1"
        ]
    );
    assert_eq!(story.holds(), ["refund-due"]);
    assert_eq!(
        story.told([fact::refunded(&order, "q", "1", 500)]),
        ["order.payment_changed.v1", "order.released.v1"]
    );
    assert_eq!(
        (story.order.state, story.holds().len()),
        (State::Rejected, 0)
    );
}

#[test]
fn a_passed_deadline_expires_or_holds() {
    let with_deadline = || Story::of(new_order().confirm_before(time(NOW + 1_000)));
    let mut story = with_deadline();
    story.told([
        fact::reserved("r"),
        fact::authorized(&story.order, "p", 500),
    ]);
    assert!(story.expire(NOW + 999).is_empty());
    assert_eq!(
        story.expire(NOW + 1_000),
        [
            "order.expired.v1",
            "order.stock_release_due.v1",
            "order.payment_release_due.v1"
        ]
    );
    assert!(story.expire(NOW + 2_000).is_empty());

    let mut paid = with_deadline();
    paid.told([fact::captured(&paid.order, "p", 1)]);
    assert_eq!(paid.expire(NOW + 1_000), ["order.held.v1"]);
    assert_eq!(
        (paid.order.state, paid.holds()),
        (State::Pending, vec!["deadline-passed-paid"])
    );
    assert!(
        paid.expire(NOW + 2_000).is_empty(),
        "a deadline is dealt with once"
    );
    assert_eq!(
        paid.release("deadline-passed-paid").unwrap(),
        ["order.released.v1"]
    );
    let order = paid.order.clone();
    paid.told([fact::captured(&order, "q", 999), fact::reserved("r")]);
    assert_eq!(paid.order.state, State::Confirmed);
}

#[test]
fn cancelling_waits_for_what_is_to_be_undone() {
    let mut story = order(PaymentTerms::Authorize);
    assert_eq!(story.cancel(&[]).unwrap(), ["order.cancelled.v1"]);
    assert_eq!(
        (story.order.state, story.order.lines[0].cancelled),
        (State::Cancelled, 2)
    );

    let mut story = confirmed();
    let order = story.order.clone();
    story.told([fact::captured(&order, "q", 300)]);
    assert_eq!(
        story.cancel(&[]).unwrap(),
        [
            "order.cancellation_requested.v1",
            "order.stock_release_due.v1",
            "order.payment_release_due.v1",
            "order.refund_due.v1",
        ]
    );
    story.told([fact::released("r"), fact::voided(&order, "p")]);
    assert_eq!(story.order.state, State::Cancelling);
    assert_eq!(
        story.told([fact::refunded(&order, "q", "1", 300)]),
        ["order.payment_changed.v1", "order.cancelled.v1"]
    );
    assert_eq!(story.order.payment_status, PaymentStatus::Refunded);
}

#[test]
fn a_shipment_wins_the_race_against_a_cancellation() {
    let mut story = confirmed();
    story.cancel(&[]).unwrap();
    let order = story.order.clone();
    assert_eq!(
        story.told([fact::shipped_all(&order, "s")]),
        [
            "order.fulfillment_changed.v1",
            "order.confirmed.v1",
            "order.held.v1"
        ]
    );
    assert_eq!(
        (story.order.state, story.holds()),
        (State::Confirmed, vec!["shipped-while-cancelling"])
    );
    assert_eq!(story.order.lines[0].cancelled, 0);
    story.told([fact::delivered("s"), fact::captured(&order, "p", 2_200)]);
    assert_eq!(
        story.order.state,
        State::Confirmed,
        "a hold blocks moves forward"
    );
    story.release("shipped-while-cancelling").unwrap();
    assert_eq!(story.order.state, State::Completed);
}

#[test]
fn delivered_and_settled_completes_and_stays_complete() {
    let mut story = confirmed();
    let order = story.order.clone();
    story.told([fact::shipped("s", &[(1, 1)])]);
    assert_eq!(
        story.order.fulfillment_status,
        FulfillmentStatus::PartiallyShipped
    );
    story.told([fact::shipped("t", &[(1, 1)]), fact::delivered("s")]);
    assert_eq!(
        story.order.fulfillment_status,
        FulfillmentStatus::PartiallyDelivered
    );
    story.told([fact::delivered("t")]);
    assert_eq!(story.order.state, State::Confirmed, "not settled yet");
    assert_eq!(
        story.told([fact::captured(&order, "p", 2_200)]),
        ["order.payment_changed.v1", "order.completed.v1"]
    );
    story.told([
        fact::refunded(&order, "p", "1", 200),
        fact::returned("b", &[(1, 1)]),
        fact::lost("s"),
    ]);
    assert_eq!(
        (
            story.order.state,
            story.order.payment_status,
            story.order.return_status
        ),
        (
            State::Completed,
            PaymentStatus::PartiallyRefunded,
            ReturnStatus::Partial
        )
    );
    assert!(matches!(
        story.cancel(&[]),
        Err(Refusal::NotAllowed {
            state: State::Completed,
            ..
        })
    ));
}

#[test]
fn a_lost_parcel_is_sent_again() {
    let mut story = confirmed();
    let order = story.order.clone();
    story.told([
        fact::captured(&order, "p", 2_200),
        fact::shipped_all(&order, "s"),
        fact::lost("s"),
    ]);
    assert_eq!(
        story.order.fulfillment_status,
        FulfillmentStatus::Unfulfilled
    );
    story.told([fact::shipped_all(&order, "t"), fact::delivered("t")]);
    assert_eq!(
        (story.order.state, story.holds().len()),
        (State::Completed, 0)
    );
}

#[test]
fn cancelled_units_lower_the_amount_due() {
    let mut story = order(PaymentTerms::Capture);
    let order = story.order.clone();
    story.told([fact::reserved("r"), fact::captured(&order, "p", 1_200)]);
    assert_eq!(story.order.payment_status, PaymentStatus::PartiallyCaptured);
    assert_eq!(
        story.cancel(&[(1, 1)]).unwrap(),
        ["order.lines_cancelled.v1", "order.confirmed.v1"]
    );
    assert_eq!(
        (story.order.amount_due().minor(), story.order.payment_status),
        (1_200, PaymentStatus::Captured)
    );
    assert!(
        matches!(story.cancel(&[(1, 2)]), Err(Refusal::NotAllowed { .. })),
        "one unit is left"
    );
    story.told([fact::shipped("s", &[(1, 1)]), fact::delivered("s")]);
    assert_eq!(story.order.state, State::Completed);
}

#[test]
fn cancelled_units_that_were_paid_are_refunded() {
    let mut story = confirmed();
    let order = story.order.clone();
    story.told([fact::captured(&order, "p", 2_200)]);
    assert_eq!(
        story.cancel(&[(1, 1)]).unwrap(),
        ["order.lines_cancelled.v1", "order.refund_due.v1"]
    );
    assert_eq!(story.order.asked.refund.minor(), 1_000);
}

#[test]
fn cancelling_every_unit_cancels_the_order() {
    let mut story = order(PaymentTerms::Authorize);
    story.cancel(&[(1, 1)]).unwrap();
    assert_eq!(story.cancel(&[(1, 1)]).unwrap(), ["order.cancelled.v1"]);
}

#[test]
fn an_amendment_that_changes_nothing_is_no_event() {
    let mut story = order(PaymentTerms::Authorize);
    let deadline = Amendment {
        confirm_before: Patch::Set(time(NOW + 9_000)),
        ..Amendment::default()
    };
    assert_eq!(story.amend(&deadline).unwrap(), ["order.amended.v1"]);
    for nothing in [
        deadline,
        Amendment::default(),
        Amendment {
            metadata: Patch::Set(BTreeMap::from([("absent".to_owned(), None)])),
            ..Amendment::default()
        },
    ] {
        assert!(story.amend(&nothing).unwrap().is_empty(), "{nothing:?}");
        assert_eq!(story.order.version, 2);
    }
}

#[test]
fn what_may_be_amended_depends_on_how_far_the_order_is() {
    let deadline = Amendment {
        confirm_before: Patch::Set(time(NOW + 9_000)),
        ..Amendment::default()
    };
    let address = Amendment {
        shipping_address: Patch::Remove,
        ..Amendment::default()
    };
    let mut story = order(PaymentTerms::Authorize);
    assert_eq!(story.amend(&deadline).unwrap(), ["order.amended.v1"]);
    let mut story = confirmed();
    assert!(matches!(
        story.amend(&deadline),
        Err(Refusal::NotAllowed { .. })
    ));
    assert_eq!(story.amend(&address).unwrap(), ["order.amended.v1"]);
    story.told([fact::shipped("s", &[(1, 1)])]);
    assert!(matches!(
        story.amend(&address),
        Err(Refusal::NotAllowed { .. })
    ));
    let past = Amendment {
        confirm_before: Patch::Set(time(NOW)),
        ..Amendment::default()
    };
    assert!(matches!(
        order(PaymentTerms::Invoice).amend(&past),
        Err(Refusal::Invalid(_))
    ));
}

#[test]
fn allowed_actions_say_what_the_commands_do() {
    let mut stories = vec![
        order(PaymentTerms::Authorize),
        confirmed(),
        confirmed(),
        confirmed(),
    ];
    stories[2].cancel(&[]).unwrap();
    let order = stories[3].order.clone();
    stories[3].told([
        fact::shipped_all(&order, "s"),
        fact::delivered("s"),
        fact::captured(&order, "p", 2_200),
    ]);
    for mut story in stories {
        for allowed in story.order.allowed_actions() {
            use order_core::domain::Action;
            let before = story.order.clone();
            let tried = match allowed.action {
                Action::Cancel => story.cancel(&[]),
                Action::CancelLines => story.cancel(&[(1, 1)]),
                Action::Amend => story.amend(&Amendment::default()),
                Action::Hold => story.hold("REVIEW"),
                Action::Release => continue,
            };
            assert_eq!(
                tried.is_ok(),
                allowed.refusal.is_none(),
                "{:?} in {}",
                allowed,
                before.state
            );
            story.order = before;
        }
    }
}
