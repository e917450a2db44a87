//! Arguments under construction: one array for each column.

use sqlx::postgres::PgArguments;
use sqlx::{Arguments, Encode, Postgres, Type};
use uuid::Uuid;

#[derive(Default)]
pub(crate) struct Bind(PgArguments);

impl Bind {
    pub(crate) fn add<'t, T: Encode<'t, Postgres> + Type<Postgres>>(
        &mut self,
        value: T,
    ) -> sqlx::Result<()> {
        self.0.add(value).map_err(sqlx::Error::Encode)
    }

    pub(crate) fn into_arguments(self) -> PgArguments {
        self.0
    }
}

pub(crate) fn uuids(values: impl Iterator<Item = u128>) -> Vec<Uuid> {
    values.map(Uuid::from_u128).collect()
}

/// Versions and the like, which the database keeps signed.
pub(crate) fn signed(value: u64) -> sqlx::Result<i64> {
    i64::try_from(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

pub(crate) fn all_signed(values: impl Iterator<Item = u64>) -> sqlx::Result<Vec<i64>> {
    values.map(signed).collect()
}
