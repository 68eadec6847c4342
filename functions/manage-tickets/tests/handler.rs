//! `manage-tickets` as it is deployed, on an embedded table.

#[cfg(test)]
#[expect(dead_code, reason = "reading needs less of it than issuing")]
#[path = "../../issue-tickets/tests/handler/table.rs"]
mod table;

#[cfg(test)]
mod reading {
    use std::io;
    use std::sync::{Arc, Mutex};

    use lambda_http::{Body, Response};
    use manage_tickets::{App, handle};
    use serde_json::{Value, json};
    use ticket::Ticket;

    use crate::table::{MUNICIPALITY, TABLE, Table};

    const KL: &str = "KL-2026-000900";

    /// A city with one ticket.
    struct City {
        table: Table,
        app: App,
    }

    impl City {
        async fn start() -> Self {
            let table = Table::start().await;
            let store = table.store();
            let issued = store.issue(&ticket(), "clerk-17").await.unwrap();
            assert_eq!(issued, store::Issued::New);
            Self {
                table,
                app: App {
                    store,
                    public_base_url: base_url(),
                },
            }
        }

        async fn ask(&self, event: &Value) -> Response<Body> {
            let request = lambda_http::request::from_str(&event.to_string()).unwrap();
            let now = "2026-02-21T00:00:00Z".parse().unwrap();
            let response = handle(&self.app, request, now).await;
            assert_eq!(response.headers()["cache-control"], "no-store");
            response
        }
    }

    fn base_url() -> token::PublicBaseUrl {
        token::PublicBaseUrl::from_vars(&|_| Some("https://pay.example.de".to_owned())).unwrap()
    }

    fn ticket() -> Ticket {
        serde_json::from_value(json!({
            "case_number": KL,
            "plate": "KL-XX 000",
            "offence": { "number": "112402", "text": "Sie parkten im Haltverbot." },
            "place": "Musterstraße 1",
            "occurred_at": "2026-02-19T13:05:00Z",
            "amount": 3_000,
            "due_on": "2026-02-26",
            "booking_reference": null,
            "issued_at": "2026-02-20T09:30:00Z",
            "issued_as": "",
            "state": "open",
            "version": 1,
            "fence": 0,
            "lock": null,
            "pending": null,
        }))
        .unwrap()
    }

    fn event(case_number: &str) -> Value {
        let text = include_str!("../../../events/city-reads-ticket.json");
        serde_json::from_str(&text.replace("__CASE_NUMBER__", case_number)).unwrap()
    }

    fn json_of(response: &Response<Body>) -> Value {
        serde_json::from_slice(response.body()).unwrap()
    }

    fn is_problem(response: &Response<Body>, status: u16) -> bool {
        response.status() == status
            && response.headers()["content-type"] == "application/problem+json"
            && json_of(response)["status"] == status
            && json_of(response)["detail"].is_string()
    }

    #[tokio::test]
    async fn a_ticket_issued_is_shown_with_its_journal() {
        let city = City::start().await;
        let response = city.ask(&event(KL)).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        let case = json_of(&response);
        assert_eq!(
            (&case["state"], &case["amount"]),
            (&json!("open"), &json!("30.00"))
        );
        assert_eq!(
            case["journal"],
            json!([{
                "at": "2026-02-20T09:30:00Z",
                "by": "clerk-17",
                "what": "issued",
                "reference": "",
                "before": null,
                "after": { "state": "open", "amount": "30.00" },
            }])
        );
    }

    #[tokio::test]
    async fn an_unknown_case_is_not_found() {
        let city = City::start().await;
        assert!(is_problem(&city.ask(&event("KL-1")).await, 404));
    }

    #[tokio::test]
    async fn the_description_is_answered_to_nobody_in_particular_and_nothing_else_is() {
        let city = City::start().await;
        let calls = 10;
        city.table.answers_only(calls);
        let text = include_str!("../../../events/vendor-reads-description.json");
        let asked: Value = serde_json::from_str(text).unwrap();
        let response = city.ask(&asked).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(json_of(&response)["openapi"], "3.1.1");
        for (method, path, parameters) in [
            ("POST", "/openapi.json", json!({})),
            ("GET", "/openapi", json!({})),
            ("GET", "/openapi.json/x", json!({})),
            (
                "GET",
                "/tickets/openapi.json",
                json!({ "case_number": "openapi.json" }),
            ),
            (
                "GET",
                "/tickets/KL-2026-000900",
                json!({ "case_number": KL }),
            ),
            (
                "POST",
                "/tickets/KL-2026-000900/withdrawal",
                json!({ "case_number": KL }),
            ),
        ] {
            let mut other = asked.clone();
            other["requestContext"]["http"]["method"] = json!(method);
            other["requestContext"]["http"]["path"] = json!(path);
            other["rawPath"] = json!(path);
            other["pathParameters"] = parameters;
            assert!(is_problem(&city.ask(&other).await, 401), "{method} {path}");
        }
        assert_eq!(city.table.calls_made_of(calls), 0);
    }

    #[tokio::test]
    async fn when_the_table_is_down_the_case_is_not_called_unknown() {
        let city = City::start().await;
        city.table.answers_only(0);
        let response = city.ask(&event(KL)).await;
        assert!(is_problem(&response, 503));
        assert_eq!(response.headers()["retry-after"], "5");
    }

    #[tokio::test]
    async fn bad_requests_reach_no_table() {
        let city = City::start().await;
        let calls = 10;
        city.table.answers_only(calls);
        let bad = city.ask(&event("KL#1")).await;
        assert!(is_problem(&bad, 400));
        assert_eq!(json_of(&bad)["field"], "case_number");
        let mut nobody = event(KL);
        nobody["requestContext"]
            .as_object_mut()
            .unwrap()
            .remove("authorizer");
        assert!(is_problem(&city.ask(&nobody).await, 401));
        let mut deleting = event(KL);
        deleting["requestContext"]["http"]["method"] = json!("DELETE");
        assert!(is_problem(&city.ask(&deleting).await, 405));
        assert_eq!(city.table.calls_made_of(calls), 0);
    }

    #[tokio::test]
    async fn who_saw_which_case_is_logged_and_nothing_of_the_case() {
        #[derive(Clone, Default)]
        struct Captured(Arc<Mutex<Vec<u8>>>);
        impl io::Write for Captured {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().unwrap().extend(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let city = City::start().await;
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(move || writer.clone())
            .finish();
        // Another test may be the first to come to that line at this very moment, with
        // nobody listening, and it would be noted as one that nobody hears.
        city.ask(&event(KL)).await;
        let guard = tracing::subscriber::set_default(subscriber);
        tracing::callsite::rebuild_interest_cache();
        city.ask(&event(KL)).await;
        drop(guard);
        let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        let [line] = text.lines().collect::<Vec<_>>()[..] else {
            panic!("{text}");
        };
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["fields"]["by"], "clerk-17");
        assert_eq!(line["fields"]["case_number"], KL);
        for canary in ["KL-XX", "Musterstra", "112402", "Haltverbot"] {
            assert!(!text.contains(canary), "{canary}: {text}");
        }
    }

    #[tokio::test]
    async fn with_a_variable_missing_it_refuses_to_start_and_names_it() {
        let all = |name: &str| match name {
            "TABLE_NAME" => Some(TABLE.to_owned()),
            "MUNICIPALITY" => Some(MUNICIPALITY.to_owned()),
            "PUBLIC_BASE_URL" => Some("https://pay.example.de".to_owned()),
            "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => {
                Some("local".to_owned())
            }
            _ => None,
        };
        assert!(App::from_vars(&all).await.is_ok());
        for missing in ["TABLE_NAME", "MUNICIPALITY", "PUBLIC_BASE_URL"] {
            let without = |name: &str| all(name).filter(|_| name != missing);
            let error = App::from_vars(&without).await.err().unwrap().to_string();
            assert!(error.contains(missing), "{error}");
        }
    }
}
