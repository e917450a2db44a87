//! The methods, by their paths, each with what it takes to call it.

use order_core::ports::{Access, Role};

const READ: Access = Access::Needs(Role::Read);
const PLACE: Access = Access::Needs(Role::Place);
const CHANGE: Access = Access::Needs(Role::Change);
const FACT: Access = Access::Needs(Role::Fact);
const OPEN: Access = Access::Open;

macro_rules! methods {
    ($($name:ident = $path:literal $access:expr),+ $(,)?) => {
        /// A method, as metrics name it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Method {
            $(
                #[doc = concat!("`", $path, "`.")]
                $name,
            )+
            /// No method of this service.
            Unknown,
        }

        impl Method {
            /// Every method.
            pub const ALL: &'static [Method] = &[$(Method::$name,)+ Method::Unknown];

            /// The method's full name: package, service, method.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Method::$name => $path,)+
                    Method::Unknown => "unknown",
                }
            }

            /// What it takes to call it.
            pub const fn access(self) -> Access {
                match self {
                    $(Method::$name => $access,)+
                    Method::Unknown => OPEN,
                }
            }

            /// The method that a request's path names.
            pub(crate) fn of(path: &str) -> Method {
                match path.strip_prefix('/').unwrap_or_default() {
                    $($path => Method::$name,)+
                    _ => Method::Unknown,
                }
            }
        }
    };
}

methods! {
    PlaceOrder = "orders.v1.OrderService/PlaceOrder" PLACE,
    BatchPlaceOrders = "orders.v1.OrderService/BatchPlaceOrders" PLACE,
    GetOrder = "orders.v1.OrderService/GetOrder" READ,
    ListOrders = "orders.v1.OrderService/ListOrders" READ,
    CancelOrder = "orders.v1.OrderService/CancelOrder" CHANGE,
    AmendOrder = "orders.v1.OrderService/AmendOrder" CHANGE,
    HoldOrder = "orders.v1.OrderService/HoldOrder" CHANGE,
    ReleaseOrder = "orders.v1.OrderService/ReleaseOrder" CHANGE,
    RecordFact = "orders.v1.OrderService/RecordFact" FACT,
    ListOrderEvents = "orders.v1.OrderService/ListOrderEvents" READ,
    WatchOrders = "orders.v1.OrderService/WatchOrders" READ,
    HealthCheck = "grpc.health.v1.Health/Check" OPEN,
    HealthWatch = "grpc.health.v1.Health/Watch" OPEN,
    ReflectionV1 = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo" OPEN,
    ReflectionV1Alpha = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" OPEN,
}

impl Method {
    /// Its place among all of them.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}
