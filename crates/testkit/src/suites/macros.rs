//! The macros that make one test of each rule. A rule that is not named here runs nowhere: the
//! crate's own tests compare these lists with the functions of the rooms.

mod repair;
mod small;

/// One test for each rule of a room, named after the rule.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($make:expr, order_store::$room:ident, [$($rule:ident),+ $(,)?]) => {
        $(
            #[test]
            fn $rule() {
                $crate::run($make, $crate::suites::order_store::$room::$rule);
            }
        )+
    };
    ($make:expr, repair::$room:ident, [$($rule:ident),+ $(,)?]) => {
        $(
            #[test]
            fn $rule() {
                $crate::run($make, $crate::suites::repair::$room::$rule);
            }
        )+
    };
    ($make:expr, durable_store::$room:ident, [$($rule:ident),+ $(,)?]) => {
        $(
            #[test]
            fn $rule() {
                $crate::suites::run_on_one_thread($make, $crate::suites::durable_store::$room::$rule);
            }
        )+
    };
    ($make:expr, $room:ident, [$($rule:ident),+ $(,)?]) => {
        $(
            #[test]
            fn $rule() {
                $crate::run($make, $crate::suites::$room::$rule);
            }
        )+
    };
}

/// Every rule of `OrderStore`; `make` answers `(guard, Arc<dyn OrderStore>)`.
#[macro_export]
macro_rules! order_store_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            order_store::commits,
            [
                a_placed_order_is_read_back,
                the_unknown_is_none,
                every_version_is_read_back,
                a_change_of_several_events_is_stored_whole,
                a_history_is_paged_by_version,
                an_advance_on_another_version_conflicts,
                an_external_id_is_taken_once,
                an_answer_other_than_done_writes_nothing,
                a_refused_change_fails_alone,
            ]
        );
        $crate::conformance_tests!(
            $make,
            order_store::keys,
            [
                a_key_places_once,
                a_key_changes_once,
                placing_and_changing_share_one_key_space,
                a_refused_change_does_not_burn_its_key,
                keys_count_with_every_bit,
                a_change_without_key_or_fact_is_fine,
                the_first_fitting_answer_is_given,
            ]
        );
        $crate::conformance_tests!(
            $make,
            order_store::facts,
            [
                a_fact_id_counts_once,
                a_fact_is_known_with_the_version_of_its_last_event,
                fact_ids_are_told_apart_to_the_letter,
                a_conflict_does_not_burn_the_fact_id,
                remembering_stores_the_id_alone,
                a_recorded_fact_is_not_remembered_again,
            ]
        );
        $crate::conformance_tests!(
            $make,
            order_store::parking,
            [
                a_parked_fact_waits,
                placing_tells_of_waiting_facts,
                ready_facts_come_oldest_first,
                every_kind_of_fact_is_parked_whole,
                a_fact_of_a_known_order_is_not_parked,
                a_fact_id_is_parked_once,
                applying_takes_a_fact_out_of_the_parking,
                remembering_takes_a_fact_out_of_the_parking,
                a_parked_fact_that_comes_again_is_known,
            ]
        );
        $crate::conformance_tests!(
            $make,
            order_store::burial,
            [old_facts_are_buried, a_buried_fact_is_not_applied,]
        );
        $crate::conformance_tests!(
            $make,
            order_store::fidelity,
            [
                every_field_of_an_order_is_kept,
                an_order_without_anything_optional_is_kept,
                a_thousand_lines_are_kept,
                the_largest_amounts_are_kept,
                odd_texts_are_kept,
                times_are_kept_to_the_millisecond,
                every_state_is_kept,
                every_kind_of_event_is_kept,
            ]
        );
        $crate::conformance_tests!(
            $make,
            order_store::lists,
            [
                every_filter_lists_what_fits,
                every_pair_of_filters_lists_what_fits_both,
                paging_is_stable_under_inserts,
                a_list_follows_changes,
            ]
        );
        $crate::conformance_tests!(
            $make,
            order_store::deadlines,
            [
                the_store_tells_its_time,
                orders_are_due_earliest_deadline_first,
                an_order_is_due_at_its_deadline,
                an_order_that_moved_on_is_not_due,
                an_amended_deadline_counts,
            ]
        );
        $crate::conformance_tests!(
            $make,
            order_store::concurrency,
            [
                one_key_places_one_order,
                one_version_is_followed_by_one_change,
                one_fact_id_is_recorded_once,
                one_external_id_is_given_once,
                a_fact_never_slips_between_parking_and_placing,
                a_dropped_commit_is_whole_or_absent,
                aborted_tasks_leave_whole_changes,
                readers_see_whole_changes,
            ]
        );
    };
}

/// Every rule of a store that writes in batches and can be opened again; `make` answers
/// `(guard, database)`, where the database is a `suites::durable_store::Durable`.
#[macro_export]
macro_rules! durable_store_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            durable_store::batches,
            [
                two_placements_with_one_key_are_one_order,
                two_placements_with_one_external_id_are_one_order,
                two_changes_of_one_version_are_one,
                an_order_moves_on_by_several_changes,
                one_fact_id_counts_once,
                a_fact_parked_just_before_its_order_is_told_to_it,
                a_batch_of_more_rows_than_one_statement_takes_is_whole,
                a_change_that_breaks_the_rules_fails_alone,
                changes_that_come_again_do_not_keep_the_others_from_being_written,
            ]
        );
        $crate::conformance_tests!(
            $make,
            durable_store::bounds,
            [
                a_full_queue_refuses_at_once_and_says_when_to_come_back,
                loads_of_many_callers_are_few_statements,
                the_metrics_tell_what_happened,
            ]
        );
        $crate::conformance_tests!(
            $make,
            durable_store::restart,
            [
                everything_is_there_after_closing_and_opening,
                a_caller_that_hangs_up_does_not_undo_its_commit,
                closing_writes_what_was_accepted_and_refuses_the_rest,
            ]
        );
    };
}

/// Every rule of `EventFeed`; `make` answers `(guard, Feed)`, of one partition at least.
#[macro_export]
macro_rules! event_feed_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            event_feed,
            [
                an_empty_feed_stands_at_the_beginning,
                positions_are_dense_in_commit_order,
                positions_are_dense_under_concurrent_writers,
                a_follower_sees_every_event_once,
                an_event_is_readable_once_acknowledged,
                reading_goes_on_after_any_position,
                the_feed_is_the_history,
                only_done_changes_write_events,
                a_position_ahead_of_the_feed_is_refused,
                a_partition_is_read_in_bounded_pages,
            ]
        );
        $crate::conformance_tests!(
            $make,
            feed_waiting,
            [
                waiting_ends_at_once_where_there_is_more,
                a_commit_wakes_who_waits,
                waiting_ends_by_itself,
            ]
        );
    };
}

/// The rules of `EventFeed` for several partitions; `make` answers `(guard, Feed)` with three.
#[macro_export]
macro_rules! event_feed_partitions_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            feed_partitions,
            [
                each_partition_is_dense_by_itself,
                a_wait_sees_every_partition,
                one_partition_is_read_and_waited_for_alone,
            ]
        );
    };
}

/// The rules of `FeedLeases` that hold for one replica as well; `make` answers `(guard, Leases)`.
#[macro_export]
macro_rules! feed_leases_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            feed_leases,
            [
                a_store_has_one_id,
                partitions_with_events_are_held,
                what_was_published_only_rises,
                a_restart_goes_back_and_changes_the_epoch,
                who_left_holds_nothing,
            ]
        );
    };
}

/// The rules of `FeedLeases` between replicas; `make` answers `(guard, Leases)`.
#[macro_export]
macro_rules! feed_leases_rivals_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            feed_leases,
            [
                a_lease_is_one_replicas,
                an_expired_lease_is_taken_in_a_higher_epoch,
                a_replica_that_joins_gets_its_share,
                a_replica_that_leaves_gives_all_back,
                many_replicas_hold_each_partition_once,
            ]
        );
    };
}

/// Every rule of `EventPublisher`; `make` answers `(guard, Arc<dyn Broker>)`.
#[macro_export]
macro_rules! event_publisher_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            event_publisher,
            [
                a_new_partition_has_no_cursor,
                a_cursor_that_is_set_stands,
                a_look_fences_nobody,
                events_are_published_once_and_in_order,
                publishing_nothing_does_nothing,
                an_earlier_holder_is_fenced,
                a_gap_or_a_repetition_publishes_nothing,
                partitions_stand_apart,
                rivals_publish_every_event_once,
            ]
        );
    };
}

/// Every rule of an `OrderCache` that is there; `make` answers `(guard, Arc<dyn OrderCache>)`.
#[macro_export]
macro_rules! order_cache_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            order_cache,
            [
                the_unknown_is_none,
                an_order_comes_back_whole,
                an_age_is_true,
                a_newer_version_takes_the_place,
                an_older_version_changes_nothing,
                the_same_version_renews_its_time,
                a_refresh_makes_no_entry,
                orders_stand_apart,
                the_newest_of_many_stays,
            ]
        );
    };
}

/// The rules of an `OrderCache` that is away; `make` answers `(guard, Arc<dyn OrderCache>)`.
#[macro_export]
macro_rules! order_cache_away_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            order_cache,
            [
                a_cache_that_is_away_answers_nothing,
                a_cache_that_is_away_does_not_make_wait,
            ]
        );
    };
}

/// Every rule of `RateLimiter`; `make` answers `(guard, suites::rate_limiter::Limiter)`.
#[macro_export]
macro_rules! rate_limiter_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            rate_limiter,
            [
                a_new_caller_has_a_full_bucket,
                who_asks_for_too_much_takes_nothing,
                a_bucket_gains_its_rate,
                a_bucket_never_overflows,
                a_refusal_names_the_time_to_wait,
                callers_stand_apart,
                a_clock_that_steps_back_gives_nothing,
                as_many_pass_as_there_are_tokens,
            ]
        );
    };
}

/// The rules of a `RateLimiter` whose shared state is away; `make` as in `rate_limiter_suite!`.
#[macro_export]
macro_rules! rate_limiter_away_suite {
    ($make:expr) => {
        $crate::conformance_tests!($make, rate_limiter, [a_limiter_that_is_alone_goes_on]);
    };
}
