//! What surrounds every page: title, city, languages, legal links, style.

use data_encoding::BASE64;
use ticket::{Language, Municipality, OrderId};

use crate::text::Texts;
use crate::{Route, View};

/// How long a page waits before it looks again: a payment is settled within
/// seconds, and a screen reader starts over with each reload.
pub(crate) const RELOAD_AFTER_S: u8 = 10;

/// The same for a payment that nobody has answered for: each look asks PayPal.
pub(crate) const RELOAD_AWAITED_AFTER_S: u8 = 30;

const STYLE: &str = include_str!("../templates/style.css");

/// Used where the city's own cannot be: without a city, or when it is not
/// written as a colour.
const COLOUR: &str = "#1f3a5f";

pub(crate) struct Frame<'a> {
    pub(crate) text: Texts,
    pub(crate) title: String,
    pub(crate) state: &'static str,
    pub(crate) attempt: Option<&'static str>,
    pub(crate) city: Option<&'a Municipality>,
    pub(crate) coat_of_arms: Option<String>,
    pub(crate) languages: Vec<LanguageLink>,
    pub(crate) refresh: Option<String>,
    pub(crate) style: String,
}

/// A way to the same page in another language.
pub(crate) struct LanguageLink {
    pub(crate) tag: &'static str,
    pub(crate) name: &'static str,
    pub(crate) href: String,
}

impl<'a> Frame<'a> {
    /// The frame of a page that has an address of its own: `segment` is its
    /// last part, token or attempt; `order` is what PayPal has added to it.
    pub(crate) fn addressed(
        view: &View<'a>,
        segment: &str,
        order: Option<&OrderId>,
        state: &'static str,
    ) -> Self {
        let address = |language| address_in(language, &own_address(view.route, segment), order);
        Self::new(
            Some(view.municipality),
            view.language,
            Some(&address),
            state,
        )
    }

    /// The frame of a page that stands for an address without a case.
    pub(crate) fn anonymous(
        city: Option<&'a Municipality>,
        language: Language,
        route: Route,
        state: &'static str,
    ) -> Self {
        let own_address: Option<&dyn Fn(Language) -> String> = match route {
            Route::Page | Route::Cancel => Some(&|language| address_in(language, "", None)),
            Route::Checkout => None,
        };
        Self::new(city, language, own_address, state)
    }

    fn new(
        city: Option<&'a Municipality>,
        language: Language,
        own_address: Option<&dyn Fn(Language) -> String>,
        state: &'static str,
    ) -> Self {
        let is_offered = |other: &Language| {
            *other == Language::De || city.is_none_or(|city| city.languages.contains(other))
        };
        let languages = own_address.map_or_else(Vec::new, |address| {
            Language::ALL
                .into_iter()
                .filter(|other| *other != language && is_offered(other))
                .map(|other| LanguageLink {
                    tag: other.tag(),
                    name: Texts(other).language_name(),
                    href: address(other),
                })
                .collect()
        });
        let colour = city.map_or(COLOUR, |city| colour(&city.colour));
        Self {
            text: Texts(language),
            title: String::new(),
            state,
            attempt: None,
            city,
            coat_of_arms: city.and_then(|city| city.coat_of_arms.as_ref()).map(|svg| {
                format!(
                    "data:image/svg+xml;base64,{}",
                    BASE64.encode(svg.as_bytes())
                )
            }),
            languages,
            refresh: None,
            style: format!(":root{{--city:{colour}}}{STYLE}"),
        }
    }

    pub(crate) fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    pub(crate) fn with_attempt(mut self, attempt: Option<&'static str>) -> Self {
        self.attempt = attempt;
        self
    }

    /// The page loads itself again, where it was got from: an address that was
    /// posted to answers no GET.
    pub(crate) fn reloading(mut self, after_s: u8, own_address: &str) -> Self {
        self.refresh = Some(if own_address.is_empty() {
            after_s.to_string()
        } else {
            format!("{after_s};url={own_address}")
        });
        self
    }

    /// The text of the browser's tab.
    pub(crate) fn page_title(&self) -> String {
        match self.city {
            Some(city) => self.text.page_title(&city.name, &self.title),
            None => self.title.clone(),
        }
    }
}

/// From where the browser stands to the page itself; empty where it stands on
/// it, so that the query it came with stays.
pub(crate) fn own_address(route: Route, segment: &str) -> String {
    match route {
        Route::Page | Route::Cancel => String::new(),
        Route::Checkout => format!("../{segment}"),
    }
}

/// The page at `own_address` in this language, with what PayPal has added.
pub(crate) fn address_in(language: Language, own_address: &str, order: Option<&OrderId>) -> String {
    let token = order.map_or_else(String::new, |order| format!("&token={order}"));
    format!("{own_address}?lang={}{token}", language.tag())
}

/// From where the browser stands to the page's checkout.
pub(crate) fn checkout_address(route: Route, segment: &str) -> String {
    match route {
        Route::Page => format!("./{segment}/checkout"),
        Route::Cancel | Route::Checkout => format!("../{segment}/checkout"),
    }
}

/// The city's colour if it is one: anything else could end the rule and begin
/// another.
fn colour(configured: &str) -> &str {
    let is_colour = configured.len() == 7
        && configured
            .strip_prefix('#')
            .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    if is_colour { configured } else { COLOUR }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_colour_gets_into_the_style() {
        assert_eq!(colour("#00508C"), "#00508C");
        for hostile in ["", "red", "#fff", "#12345}", "#00508c}body{", "#00508é"] {
            assert_eq!(colour(hostile), COLOUR, "{hostile}");
        }
    }
}
