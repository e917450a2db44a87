//! The methods, by their paths.

macro_rules! methods {
    ($($name:ident = $path:literal),+ $(,)?) => {
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
    PlaceOrder = "orders.v1.OrderService/PlaceOrder",
    BatchPlaceOrders = "orders.v1.OrderService/BatchPlaceOrders",
    GetOrder = "orders.v1.OrderService/GetOrder",
    ListOrders = "orders.v1.OrderService/ListOrders",
    CancelOrder = "orders.v1.OrderService/CancelOrder",
    AmendOrder = "orders.v1.OrderService/AmendOrder",
    HoldOrder = "orders.v1.OrderService/HoldOrder",
    ReleaseOrder = "orders.v1.OrderService/ReleaseOrder",
    RecordFact = "orders.v1.OrderService/RecordFact",
    ListOrderEvents = "orders.v1.OrderService/ListOrderEvents",
    WatchOrders = "orders.v1.OrderService/WatchOrders",
    HealthCheck = "grpc.health.v1.Health/Check",
    HealthWatch = "grpc.health.v1.Health/Watch",
    ReflectionV1 = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ReflectionV1Alpha = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
}

impl Method {
    /// Its place among all of them.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}
