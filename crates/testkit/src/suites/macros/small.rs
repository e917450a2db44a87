//! The macros of time and ids.

/// Every rule of `Clock`; `make` answers `(guard, Arc<dyn Clock>)`.
#[macro_export]
macro_rules! clock_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            clock,
            [
                the_time_is_in_milliseconds,
                asking_never_blocks,
                monotonic_time_goes_on,
            ]
        );
    };
}

/// Every rule of `IdSource`; `make` answers `(guard, [Arc<dyn IdSource>; 3])`.
#[macro_export]
macro_rules! id_source_suite {
    ($make:expr) => {
        $crate::conformance_tests!(
            $make,
            id_source,
            [
                an_id_tells_its_time,
                ids_rise_with_time,
                ids_rise_on_every_thread,
                no_two_ids_are_equal,
                a_clock_that_steps_back_makes_no_id_twice,
            ]
        );
    };
}
