//! Routes as API Gateway matches them.

use std::collections::BTreeMap;

use http::Method;
use percent_encoding::percent_decode_str;

/// A method and a path with places for parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, `PUT`.
    pub method: Method,
    /// `/t/{token}`.
    pub path: PathPattern,
}

/// A path whose segments are literal or `{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
}

impl PathPattern {
    /// Reads `/t/{token}`; `None` when it does not begin with a slash or holds
    /// a greedy `{name+}`, which this project has no use for.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let segments = text
            .strip_prefix('/')?
            .split('/')
            .map(
                |segment| match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
                    Some(name) if name.ends_with('+') => None,
                    Some(name) => Some(Segment::Parameter(name.to_owned())),
                    None => Some(Segment::Literal(segment.to_owned())),
                },
            )
            .collect::<Option<_>>()?;
        Some(Self {
            text: text.to_owned(),
            segments,
        })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of the parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Parameter(name) => Some(name.as_str()),
        })
    }

    /// The parameters of a path that fits, percent-decoded.
    #[must_use]
    pub fn matches(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let given: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        if given.len() != self.segments.len() {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (segment, given) in self.segments.iter().zip(given) {
            match segment {
                Segment::Literal(text) if text == given => {}
                Segment::Literal(_) => return None,
                Segment::Parameter(_) if given.is_empty() => return None,
                Segment::Parameter(name) => {
                    let value = percent_decode_str(given).decode_utf8_lossy();
                    parameters.insert(name.clone(), value.into_owned());
                }
            }
        }
        Some(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_takes_exactly_one_segment_and_never_an_empty_one() {
        let pattern = PathPattern::parse("/t/{token}/checkout").unwrap();
        let parameters = pattern.matches("/t/a%2Eb/checkout").unwrap();
        assert_eq!(parameters["token"], "a.b");
        for path in [
            "/t//checkout",
            "/t/a",
            "/t/a/b/checkout",
            "/t/a/checkout/",
            "t/a/checkout",
            "/T/a/checkout",
        ] {
            assert_eq!(pattern.matches(path), None, "{path}");
        }
    }

    #[test]
    fn a_greedy_parameter_is_refused_instead_of_misread() {
        assert_eq!(PathPattern::parse("/t/{rest+}"), None);
    }
}
