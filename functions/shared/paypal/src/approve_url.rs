//! Where a payer may be sent: only to PayPal, or the redirect would be an
//! open one for whoever can forge an answer.

use ticket::OrderId;
use url::Url;

use crate::config::Environment;
use crate::wire::Link;

/// The longest address a payer is sent to; PayPal's have 70 characters.
const APPROVE_URL_LEN_MAX: usize = 2_048;

/// The pages of one environment on which payers approve.
#[derive(Debug)]
pub(crate) struct ApprovePages<'a> {
    pub(crate) environment: Environment,
    pub(crate) base_url: &'a Url,
}

impl ApprovePages<'_> {
    /// The first of `links` with one of the relations `rels`, tried in their
    /// order, if it leads to PayPal.
    pub(crate) fn among(&self, links: &[Link], rels: &[&str]) -> Option<String> {
        let link = rels
            .iter()
            .find_map(|rel| links.iter().find(|link| link.rel == *rel))?;
        self.checked(&link.href)
    }

    /// PayPal's page for this order, for answers that forget to say it.
    ///
    /// Source: the answers in `tests/contract/paypal/samples`, all of which
    /// link to `checkoutnow?token=`.
    pub(crate) fn of_order(&self, id: &OrderId) -> String {
        let origin = match self.environment {
            Environment::Live => "https://www.paypal.com/",
            Environment::Sandbox => "https://www.sandbox.paypal.com/",
            Environment::Local => self.base_url.as_str(),
        };
        format!("{origin}checkoutnow?token={id}")
    }

    /// `href`, if it leads to PayPal.
    fn checked(&self, href: &str) -> Option<String> {
        if href.len() > APPROVE_URL_LEN_MAX {
            return None;
        }
        let url = Url::parse(href).ok()?;
        let host_is =
            |host| url.scheme() == "https" && url.host_str() == Some(host) && url.port().is_none();
        let ours = match self.environment {
            Environment::Live => host_is("www.paypal.com"),
            Environment::Sandbox => host_is("www.sandbox.paypal.com"),
            Environment::Local => url.origin() == self.base_url.origin(),
        };
        let plain = url.username().is_empty() && url.password().is_none();
        // A parser that reads a text differently than it is written (tabs, line
        // breaks, backslashes) leaves room for a browser to read it otherwise.
        (ours && plain && url.as_str() == href).then(|| href.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(environment: Environment, base_url: &str, href: &str) -> Option<String> {
        let base_url = base_url.parse().unwrap();
        let pages = ApprovePages {
            environment,
            base_url: &base_url,
        };
        let links = [Link {
            href: href.to_owned(),
            rel: String::from("payer-action"),
        }];
        pages.among(&links, &["payer-action", "approve"])
    }

    #[test]
    fn a_payer_is_sent_to_paypal_and_nowhere_else() {
        let live = |href: &str| pages(Environment::Live, "https://api-m.paypal.com", href);
        for href in [
            "http://www.paypal.com/checkoutnow?token=A",
            "https://www.sandbox.paypal.com/checkoutnow?token=A",
            "https://paypal.com/checkoutnow?token=A",
            "https://api-m.paypal.com/checkoutnow?token=A",
            "https://www.paypal.com.evil.example/checkoutnow?token=A",
            "https://evil.example/www.paypal.com",
            "https://evilwww.paypal.com/",
            "https://www.paypal.com@evil.example/",
            "https://user@www.paypal.com/",
            "https://user:word@www.paypal.com/",
            "https://:word@www.paypal.com/",
            "https://www.paypal.com:8443/",
            "https://www.paypal.com:443/",
            "https://www.paypal.com\\@evil.example/",
            "https:www.paypal.com/",
            "HTTPS://www.paypal.com/",
            "https://www.paypal.com/a\r\nset-cookie: a=b",
            "https://www.paypal.com/\ta",
            " https://www.paypal.com/",
            "//www.paypal.com/checkoutnow",
            "/checkoutnow",
            "javascript:alert(1)//www.paypal.com/",
            "data:text/html,www.paypal.com",
            "https://www.paypal.com./",
            "https://ｗｗｗ.paypal.com/",
            "",
        ] {
            assert_eq!(live(href), None, "{href:?}");
        }
        let long = format!("https://www.paypal.com/{}", "a".repeat(2_048));
        assert_eq!(live(&long), None);
        let good = "https://www.paypal.com/checkoutnow?token=5O190127TN364715T";
        assert_eq!(live(good).as_deref(), Some(good));
    }

    #[test]
    fn the_sandbox_has_its_own_host() {
        let sandbox = |href| {
            pages(
                Environment::Sandbox,
                "https://api-m.sandbox.paypal.com",
                href,
            )
        };
        let good = "https://www.sandbox.paypal.com/checkoutnow?token=A";
        assert_eq!(sandbox(good).as_deref(), Some(good));
        assert_eq!(sandbox("https://www.paypal.com/checkoutnow?token=A"), None);
    }

    #[test]
    fn the_stand_ins_pages_lie_under_its_own_origin() {
        let local = |href| pages(Environment::Local, "http://127.0.0.1:8082", href);
        let good = "http://127.0.0.1:8082/checkoutnow?token=A";
        assert_eq!(local(good).as_deref(), Some(good));
        for href in [
            "http://127.0.0.1:8083/checkoutnow?token=A",
            "https://127.0.0.1:8082/checkoutnow?token=A",
            "http://localhost:8082/checkoutnow?token=A",
            "http://u@127.0.0.1:8082/checkoutnow?token=A",
            "https://www.paypal.com/checkoutnow?token=A",
        ] {
            assert_eq!(local(href), None, "{href}");
        }
    }

    #[test]
    fn payer_action_goes_before_approve() {
        let base_url = "https://api-m.paypal.com".parse().unwrap();
        let pages = ApprovePages {
            environment: Environment::Live,
            base_url: &base_url,
        };
        let link = |rel: &str, href: &str| Link {
            href: format!("https://www.paypal.com/{href}"),
            rel: rel.to_owned(),
        };
        let links = [
            link("self", "s"),
            link("approve", "a"),
            link("payer-action", "p"),
        ];
        assert_eq!(
            pages.among(&links, &["payer-action", "approve"]).as_deref(),
            Some("https://www.paypal.com/p")
        );
        assert_eq!(pages.among(&links[..1], &["payer-action", "approve"]), None);
    }
}
