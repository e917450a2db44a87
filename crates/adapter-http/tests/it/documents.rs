//! The contract and its page.

use crate::desk::Desk;

#[tokio::test]
async fn the_contract_is_served_as_the_command_line_prints_it() {
    let desk = Desk::new();
    let served = desk.get("/openapi.json").await.json();
    assert_eq!(
        served,
        serde_json::from_str::<serde_json::Value>(&adapter_http::openapi()).unwrap()
    );
}

/// Every file that the page names is here, so that it needs no internet.
#[tokio::test]
async fn the_page_brings_its_files_along() {
    let desk = Desk::new();
    for path in ["/docs", "/docs/"] {
        let page = desk.get(path).await;
        assert_eq!(page.status, 200);
        let html = String::from_utf8(page.body.to_vec()).unwrap();
        let named = html.split(['"']).filter(|part| {
            [".js", ".css", ".png"]
                .iter()
                .any(|end| part.ends_with(end))
        });
        let mut count = 0;
        for file in named {
            assert!(file.starts_with("/docs/"), "{file} is not ours");
            assert_eq!(desk.get(file).await.status, 200, "{file}");
            count += 1;
        }
        assert!(count >= 4, "{html}");
        assert!(
            !html.contains("http://") && !html.contains("https://"),
            "{html}"
        );
    }
    let script = desk.get("/docs/swagger-initializer.js").await;
    assert!(String::from_utf8_lossy(&script.body).contains("/openapi.json"));
    assert_eq!(desk.get("/docs/nothing.js").await.status, 404);
    assert_eq!(desk.get("/docs/../Cargo.toml").await.status, 404);
}
