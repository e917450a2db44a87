//! Bad input, told whole: the status, the code, every violation's path, and nothing changes.

use crate::bad_cases::{JSON, KEY, ORDER, bodies, get, heads, line, order, parts, place};
use crate::bad_requests::{changes_and_reads, facts};
use crate::desk::Desk;

#[tokio::test]
async fn bad_input_is_told_whole_and_changes_nothing() {
    let desk = Desk::new();
    let order = format!("/v1/orders/{}", desk.placed("first").await);
    let head = desk.head().await;
    let cases = [bodies(), parts(), heads(), changes_and_reads(), facts()]
        .into_iter()
        .flatten();
    let mut count = 0;
    for case in cases {
        let path = case.path.replace(ORDER, &order);
        let shown: String = case.body.chars().take(200).collect();
        let reply = desk.ask(case.method, &path, &case.headers, case.body).await;
        let told = (
            reply.status,
            reply.text_at("code"),
            reply.fields().join(" "),
        );
        let expected = (case.status, case.code.to_owned(), case.fields.join(" "));
        assert_eq!(
            told,
            expected,
            "{} {path} {:?} {shown}\n{}",
            case.method,
            case.headers,
            reply.json()
        );
        assert_eq!(
            reply.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(desk.head().await, head, "{path} {shown} changed something");
        count += 1;
    }
    assert!(count >= 100, "{count} cases");
    assert_eq!(desk.get(&order).await.header("etag"), Some("\"v1\""));
}

#[tokio::test]
async fn a_reason_says_what_to_do() {
    let desk = Desk::new();
    for (case, words) in [
        (
            line("quantity", "1.0", ""),
            "without a fraction or exponent",
        ),
        (line("quantity", "\"1\"", ""), "no quotation marks"),
        (
            line("quantity", "99999999999999999999", ""),
            "from 1 to 1000000",
        ),
        (line("unit_prize", "5", ""), "did you mean \"unit_price\""),
        (order("currency", "\"eur\"", &[]), "ISO 4217"),
        (place("{\"a\":\n}", &[]), "line 2 column 1"),
        (place("{}", &[]).headers(&[JSON]), "a key of your own"),
        (
            place("{}", &[]).headers(&[KEY]),
            "this call takes application/json",
        ),
        (
            get("/v1/orders?state=X", &[]),
            "must be one of PENDING, CONFIRMED",
        ),
    ] {
        let reply = desk
            .ask(case.method, case.path, &case.headers, case.body)
            .await;
        let text = reply.json().to_string().replace("\\\"", "\"");
        assert!(text.contains(words), "{words}: {text}");
    }
}
