//! A function starts: it opens its connections with what its role lets it read.

use journeys::{City, Lines, read};

#[tokio::test]
async fn every_function_that_somebody_waits_for_opens_its_connections_as_it_starts() {
    let city = City::new().await;
    let now = city.now();
    let lines = Lines::listen();
    let functions = &city.functions;
    functions.show_ticket.prime(now).await;
    functions.start_checkout.prime(now).await;
    functions.finish_checkout.prime(now).await;
    functions.receive_webhook.prime(now).await;
    functions.manage_tickets.prime().await;
    functions.record_payments.prime(now).await;
    for line in lines.heard() {
        let level = &read(&line)["level"];
        assert!(level != "WARN" && level != "ERROR", "{line}");
    }
}
