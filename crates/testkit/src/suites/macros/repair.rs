//! The macro of the ports by which an operator repairs and the house counts.

/// Every rule of `Repair` and `Tally`; `make` answers `(guard, suites::repair::Kept)`.
#[macro_export]
macro_rules! repair_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            repair::messages,
            [
                a_message_is_kept_once_for_its_place,
                a_message_comes_back_as_it_was_given,
                a_list_shows_the_beginning_of_a_value,
                a_message_is_noted_and_dropped,
            ]
        );
        $crate::conformance_tests!(
            $make,
            repair::facts,
            [
                a_buried_fact_leaves_by_its_effect,
                a_buried_fact_that_is_remembered_leaves,
                a_fact_leaves_only_where_it_is_kept,
                a_dropped_fact_stays_known,
                a_fact_is_dropped_or_applied,
                two_redrives_have_one_effect,
                a_noted_reason_goes_along,
                an_id_is_never_given_twice,
            ]
        );
        $crate::conformance_tests!(
            $make,
            repair::lists,
            [
                both_kinds_are_listed_newest_first,
                a_place_divides_the_list,
                a_page_is_stable_while_entries_come_and_go,
                parked_facts_are_listed_newest_first,
            ]
        );
        $crate::conformance_tests!(
            $make,
            repair::counting,
            [
                what_waits_is_counted,
                orders_are_counted_by_their_state,
                orders_with_a_hold_are_counted,
            ]
        );
    };
}
