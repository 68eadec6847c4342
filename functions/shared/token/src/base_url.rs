//! `PUBLIC_BASE_URL`: where a driver's phone goes.

use http::Uri;

/// A longer address makes a symbol that no slip has room for.
const BASE_URL_LEN_MAX: usize = 200;

/// The public API's address, from configuration: what a request says of its
/// host is never printed on a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicBaseUrl(String);

/// `PUBLIC_BASE_URL` is missing or no such address; refuse to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "PUBLIC_BASE_URL is not set to an address for QR codes: write https:// and the city's host, like https://pay.example.de (http:// only for this machine)"
)]
pub struct InvalidBaseUrl;

impl PublicBaseUrl {
    /// Reads `PUBLIC_BASE_URL`.
    ///
    /// # Errors
    /// When it is missing, not https (loopback hosts may have http), or has a
    /// user, a query or a fragment.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, InvalidBaseUrl> {
        let text = vars("PUBLIC_BASE_URL").ok_or(InvalidBaseUrl)?;
        let uri: Uri = text.parse().map_err(|_| InvalidBaseUrl)?;
        let is_loopback = matches!(uri.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
        let is_fit = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_loopback,
            Some(_) | None => false,
        };
        if is_fit && text.len() <= BASE_URL_LEN_MAX && !text.contains(['?', '#', '@', '"', '\'']) {
            // Paths are added to it, each beginning with a slash.
            Ok(Self(text.trim_end_matches('/').to_owned()))
        } else {
            Err(InvalidBaseUrl)
        }
    }

    /// The address, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PublicBaseUrl, InvalidBaseUrl> {
        PublicBaseUrl::from_vars(&|name| (name == "PUBLIC_BASE_URL").then(|| text.to_owned()))
    }

    #[test]
    fn https_is_taken_and_http_for_this_machine_only() {
        for text in [
            "https://pay.example.de",
            "https://x.execute-api.eu-central-1.amazonaws.com/prod",
            "http://127.0.0.1:8080",
            "http://localhost:8080",
            "http://[::1]:8080",
        ] {
            assert_eq!(read(text).unwrap().as_str(), text);
            assert_eq!(read(&format!("{text}/")).unwrap().as_str(), text);
        }
    }

    #[test]
    fn anything_else_refuses_to_start_and_names_the_variable() {
        for text in [
            "",
            "pay.example.de",
            "/",
            "http://pay.example.de",
            "http://127.0.0.1.evil.example",
            "ftp://pay.example.de",
            "javascript:alert(1)",
            "https://city@evil.example",
            "https://pay.example.de?x",
            "https://pay.example.de/#x",
            "https://pay.example.de/a b",
            "https://",
            &format!("https://{}.de", "x".repeat(200)),
        ] {
            assert_eq!(read(text), Err(InvalidBaseUrl), "{text}");
        }
        assert!(InvalidBaseUrl.to_string().starts_with("PUBLIC_BASE_URL"));
        assert_eq!(PublicBaseUrl::from_vars(&|_| None), Err(InvalidBaseUrl));
    }
}
