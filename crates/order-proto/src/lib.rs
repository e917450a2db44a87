//! Types generated from `proto/` and their conversion from and to the domain.
//!
//! The generated types never leave this crate: others see the domain's types and bytes. What the
//! bytes look like is said once, in the `.proto` files. No I/O and no decision enters.

pub mod storage;

/// What prost made of `proto/`.
mod generated {
    #[expect(
        unreachable_pub,
        clippy::doc_markdown,
        clippy::struct_field_names,
        reason = "generated: prost makes everything public; names and comments are those of the .proto files"
    )]
    pub(crate) mod storage {
        include!(concat!(env!("OUT_DIR"), "/storage.v1.rs"));
    }
}
