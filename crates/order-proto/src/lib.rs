//! Types generated from `proto/` and their conversion from and to the domain.
//!
//! Two contracts that have nothing in common but their language: [`wire`] is what callers see
//! (`orders/v1`), [`storage`] is what the stores keep (`storage/v1`), whose generated types never
//! leave this crate. What the messages mean is said once, in the `.proto` files. No I/O and no
//! decision enters.

pub mod storage;
mod text;
pub mod wire;

pub use text::definition_of;

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

    #[expect(
        missing_docs,
        unused_qualifications,
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        clippy::large_enum_variant,
        clippy::pedantic,
        reason = "generated: names and comments are those of the .proto files"
    )]
    pub(crate) mod orders {
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/orders.v1.rs"));
        }
    }

    #[expect(
        missing_docs,
        reason = "generated: the words are in Google's .proto files"
    )]
    pub(crate) mod google {
        pub mod rpc {
            include!(concat!(env!("OUT_DIR"), "/google.rpc.rs"));
        }
    }
}

/// The messages and the service of `orders.v1`, as prost and tonic make them.
pub use generated::orders::v1;

/// Google's messages for errors and their details.
pub use generated::google::rpc;

/// The descriptors of everything that callers see, imports included, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/wire.fds"));
