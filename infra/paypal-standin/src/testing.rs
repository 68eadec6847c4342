//! What the tests of this crate share.

use crate::Settings;

/// Settings that only tests use.
pub(crate) fn settings() -> Settings {
    Settings {
        public_origin: "http://127.0.0.1:8082".to_owned(),
        client_id: "client-made-for-tests".to_owned(),
        client_secret: "secret-made-for-tests".to_owned(),
        merchant_id: "8YTYX8DKLB5ZU".to_owned(),
        webhook_id: "4MU12345AB678901C".to_owned(),
        webhook_url: None,
    }
}
