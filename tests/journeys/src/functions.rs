//! The functions of a city, made of variables as each one's `main` makes it, but
//! for the ways to the table and to PayPal, which are handed in.

use paypal::{Config, PayPal, Transport, WebhookConfig, Webhooks};
use settle::Settle;
use store::Store;
use ticket::Captures;
use token::Keys;

/// What citizens, PayPal and the city call, and the schedule.
pub struct Functions {
    /// The ticket's page.
    pub show_ticket: show_ticket::App,
    /// *Pay*.
    pub start_checkout: start_checkout::App,
    /// The way back from PayPal.
    pub finish_checkout: finish_checkout::App,
    /// PayPal's events.
    pub receive_webhook: receive_webhook::App,
    /// The sweep and the reconciliation.
    pub reconcile_payments: reconcile_payments::App,
    /// The nightly comparison.
    pub compare_books: compare_books::App,
    /// The city's systems and clerks.
    pub manage_tickets: manage_tickets::App,
    /// The cash office.
    pub record_payments: record_payments::App,
}

impl Functions {
    /// All of them, over one PayPal and one table, as each of them comes to it.
    pub async fn new(
        vars: &dyn Fn(&str) -> Option<String>,
        store_of: &dyn Fn(&str) -> Store,
        transport: &Transport,
    ) -> Self {
        let captures = Captures::from_vars(vars).expect("a word");
        let settle = async |function: &str| {
            let config = Config::from_vars(vars).await.expect("a configuration");
            Settle::new(
                store_of(function),
                PayPal::new(config, transport.clone()),
                captures,
            )
        };
        let pages = || page::Pages::new(page::Policy::from_vars(vars).expect("a policy"));
        let keys = || Keys::from_vars(vars).expect("keys");
        let webhooks = WebhookConfig::from_vars(vars).await.expect("anchors");
        Self {
            show_ticket: show_ticket::App {
                store: store_of("show-ticket"),
                keys: keys(),
                pages: pages(),
                captures,
            },
            start_checkout: start_checkout::App {
                store: store_of("start-checkout"),
                settle: settle("start-checkout").await,
                keys: keys(),
                pages: pages(),
                captures,
                base_url: token::PublicBaseUrl::from_vars(vars).expect("an address"),
            },
            finish_checkout: finish_checkout::App {
                store: store_of("finish-checkout"),
                settle: settle("finish-checkout").await,
                pages: pages(),
                captures,
            },
            receive_webhook: receive_webhook::App {
                store: store_of("receive-webhook"),
                settle: settle("receive-webhook").await,
                webhooks: Webhooks::new(webhooks, transport.clone()),
            },
            reconcile_payments: reconcile_payments::App {
                settle: settle("reconcile-payments").await,
                pace: settle::sweep::Pace::from_vars(vars).expect("a rate"),
            },
            compare_books: compare_books::App {
                settle: settle("compare-books").await,
            },
            manage_tickets: manage_tickets::App {
                store: store_of("manage-tickets"),
                public_base_url: token::PublicBaseUrl::from_vars(vars).expect("an address"),
            },
            record_payments: record_payments::App {
                store: store_of("record-payments"),
            },
        }
    }
}
