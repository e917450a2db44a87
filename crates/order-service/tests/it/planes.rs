//! Planes: an interface that is absent is told, one that is named is bound.

use crate::client::{Client, order};
use crate::service::{Service, binary, folder};
use std::process::Command;

#[test]
fn an_absent_interface_is_waited_for_and_then_told() {
    let (_folder, database) = folder();
    let output = binary()
        .env("DATABASE_URL", format!("sqlite:{}", database.display()))
        .envs([("DATA_INTERFACE", "nosuch0"), ("PLANE_WAIT", "100ms")])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("nosuch0") && told.contains("data"), "{told}");
}

#[tokio::test]
async fn listeners_are_bound_to_the_interface_of_their_plane() {
    let (_folder, database) = folder();
    let planes = [("DATA_INTERFACE", "lo"), ("MGMT_INTERFACE", "lo")];
    let service = Service::start_with(&database, &planes);
    let listing = Command::new("ss")
        .args(["-Hltn", "-A", "inet"])
        .output()
        .unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    for addr in [service.rest, service.grpc, service.management] {
        let bound = format!("127.0.0.1%lo:{}", addr.port());
        assert!(
            listing.contains(&bound),
            "{bound} is missing in:\n{listing}"
        );
    }
    assert_eq!(
        Client::new(service.management).get("/readyz").await.status,
        200
    );
    assert_eq!(
        service
            .client()
            .post("/v1/orders", "k", order(1))
            .await
            .status,
        201
    );
}
