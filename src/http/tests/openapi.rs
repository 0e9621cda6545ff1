use super::{house, options};
use crate::http::routes;
use std::collections::BTreeSet;

#[tokio::test]
async fn the_document_has_every_route_and_no_other() {
    let house = house(options()).await;
    let answer = house.api.get("/api/v1/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let document = answer.json();
    let paths = document["paths"].as_object().expect("paths");
    let documented: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("item").keys();
            methods
                .filter(|key| ["get", "post", "put", "delete"].contains(&key.as_str()))
                .map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let routed: BTreeSet<String> = routes::table()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path.replace("{*path}", "{path}")))
        .collect();
    assert_eq!(documented, routed);
    let ids: Vec<&str> = paths
        .values()
        .flat_map(|item| item.as_object().expect("item").values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    let distinct: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_open_routes_ask_for_nothing() {
    let house = house(options()).await;
    let answer = house.api.get("/api/openapi.json").await;
    let document = answer.json();
    let text = answer.text();
    let references: BTreeSet<&str> =
        text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(references.len() > 15, "{references:?}");
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
    for route in routes::table() {
        let path = route.path.replace("{*path}", "{path}");
        let operation = &document["paths"][&path][route.method.as_str().to_lowercase()];
        let open = operation["security"] == serde_json::json!([{}]);
        assert_eq!(open, route.rule.access == routes::Access::Open, "{path}: {}", operation["security"]);
    }
}
