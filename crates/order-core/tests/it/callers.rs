//! Who calls, and what they may do.

use order_core::ports::{
    Access, Caller, Denied, Everybody, Identity, InvalidIdentity, Role, Roles, Standing,
};
use std::net::IpAddr;
use std::sync::Arc;
use testkit::fakes::StaticCallers;

const WEB: &str = "spiffe://example/ns/shop/sa/web";

fn of(names: &[&str]) -> Caller {
    Caller::of_names(names)
}

fn named(text: &str) -> Caller {
    Caller::Named(Identity::new(text).unwrap())
}

#[test]
fn a_certificate_means_its_one_spiffe_uri_or_else_its_first_dns_name() {
    for (names, caller) in [
        (&[WEB][..], named(WEB)),
        (&[WEB, "web.example", "other.example"], named(WEB)),
        (
            &["https://example/web", "web.example", "b.example"],
            named("web.example"),
        ),
        (&["*.shop.example"], named("*.shop.example")),
        // Which of the two would it be?
        (
            &[WEB, "spiffe://example/ns/shop/sa/pay", "web.example"],
            Caller::Unnamed,
        ),
        (&["https://example/web"], Caller::Unnamed),
        (&["spiffe:///no/domain"], Caller::Unnamed),
        (&[], Caller::Unnamed),
    ] {
        assert_eq!(of(names), caller, "{names:?}");
    }
    let long = format!("spiffe://example/{}", "x".repeat(255));
    assert_eq!(of(&[&long, "web.example"]), Caller::Unnamed);
    assert!(Identity::new(&long[..255]).is_ok());
}

#[test]
fn what_is_no_identity_says_why() {
    for (text, why) in [
        ("", InvalidIdentity::Empty),
        (&"x".repeat(256), InvalidIdentity::TooLong),
        ("spiffe://", InvalidIdentity::OtherKind),
        ("spiffe://example/a b", InvalidIdentity::OtherKind),
        ("https://example/web", InvalidIdentity::OtherKind),
        ("web example", InvalidIdentity::OtherKind),
        ("wäb.example", InvalidIdentity::OtherKind),
        ("CN=web", InvalidIdentity::OtherKind),
    ] {
        assert_eq!(Identity::new(text), Err(why), "{text:?}");
    }
    // DNS names know no case.
    assert_eq!(
        Identity::new("Web.Example").unwrap().as_str(),
        "web.example"
    );
}

#[test]
fn without_a_word_everybody_may_do_all_but_administer() {
    for caller in [Caller::Anonymous, Caller::Unnamed, named(WEB)] {
        let standing = Standing::new(caller, None, Arc::new(Everybody));
        for role in Role::ALL {
            let allowed = standing.check(Access::Needs(role)).is_ok();
            assert_eq!(allowed, role != Role::Admin, "{standing:?} {role}");
        }
    }
}

#[test]
fn every_role_is_one_of_its_own() {
    for role in Role::ALL {
        let roles = Roles::NONE.with(role);
        for other in Role::ALL {
            assert_eq!(roles.has(other), role == other, "{role} {other}");
        }
        assert_eq!(Role::named(role.as_str()), Some(role));
    }
    assert_eq!(Role::named("Read"), None);
}

#[test]
fn roles_are_looked_up_once_and_again_when_they_change() {
    let callers = Arc::new(StaticCallers::nobody());
    callers.set(WEB, &[Role::Read]);
    let standing = Standing::new(named(WEB), None, callers.clone());
    for _ in 0..10 {
        assert_eq!(standing.check(Access::Needs(Role::Read)), Ok(()));
        let place = standing.check(Access::Needs(Role::Place)).unwrap_err();
        let told = place.to_string();
        assert!(
            told.contains(WEB) && told.contains("place") && told.contains("CALLERS_FILE"),
            "{told}"
        );
    }
    assert_eq!(callers.asked(), 1);
    callers.set(WEB, &[Role::Place]);
    assert_eq!(standing.check(Access::Needs(Role::Place)), Ok(()));
    assert!(standing.check(Access::Needs(Role::Read)).is_err());
    assert_eq!(callers.asked(), 2);
}

#[test]
fn who_is_not_known_may_do_nothing_but_what_is_open() {
    let callers = Arc::new(StaticCallers::nobody());
    for (caller, unnamed) in [
        (Caller::Anonymous, false),
        (Caller::Unnamed, true),
        (named(WEB), false),
    ] {
        let standing = Standing::new(caller, None, callers.clone());
        assert_eq!(standing.check(Access::Open), Ok(()));
        for role in Role::ALL {
            let denied = standing.check(Access::Needs(role)).unwrap_err();
            assert_eq!(denied == Denied::Unnamed, unnamed, "{denied}");
        }
    }
}

#[test]
fn quotas_go_by_name_and_without_one_by_address() {
    let home = IpAddr::from([192, 0, 2, 7]);
    for (caller, peer, quota) in [
        (named(WEB), Some(home), WEB),
        (named(WEB), None, WEB),
        (Caller::Unnamed, Some(home), "192.0.2.7"),
        (Caller::Anonymous, Some(home), "192.0.2.7"),
        (Caller::Anonymous, None, "unknown"),
    ] {
        let standing = Standing::new(caller, peer, Arc::new(Everybody));
        assert_eq!(standing.quota(), quota, "{standing:?}");
    }
}
