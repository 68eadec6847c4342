//! What is refused, and what is read. Signing keys are made here, for one test.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;
use ticket::CaseNumber;

use crate::text::{CHECK_WORD_LEN, CHECK_WORD_LETTERS};
use crate::verify::{CASE_NUMBER_LEN_MAX, unverified_kid};
use crate::{InvalidKeys, InvalidToken, Keys, TOKEN_LEN_MAX, check_word, url};

/// A key made for this test, with the text of its `TOKEN_KEYS` entry.
struct TestKey {
    pair: Ed25519KeyPair,
    #[cfg_attr(
        not(feature = "signing"),
        expect(dead_code, reason = "only signing reads it")
    )]
    pem: String,
    jwk: String,
}

fn test_key(kid: &str) -> TestKey {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let x = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
    TestKey {
        jwk: format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#),
        pem: format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            data_encoding::BASE64.encode(document.as_ref())
        ),
        pair,
    }
}

impl TestKey {
    /// Signs whatever it is given, as nobody in the deployed code can.
    fn token(&self, header: &str, claims: &str) -> String {
        let message = format!(
            "{}.{}",
            BASE64URL_NOPAD.encode(header.as_bytes()),
            BASE64URL_NOPAD.encode(claims.as_bytes())
        );
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}

fn keys_in(text: &str) -> Result<Keys, InvalidKeys> {
    Keys::from_vars(&|name| (name == "TOKEN_KEYS").then(|| text.to_owned()))
}

fn keys_of(keys: &[&TestKey]) -> Keys {
    let jwks: Vec<&str> = keys.iter().map(|key| key.jwk.as_str()).collect();
    keys_in(&format!(r#"{{"keys":[{}]}}"#, jwks.join(","))).unwrap()
}

const HEADER: &str = r#"{"alg":"EdDSA","kid":"k1"}"#;
const CLAIMS: &str = r#"{"sub":"KL-2026-000123"}"#;

fn case_number() -> CaseNumber {
    "KL-2026-000123".parse().unwrap()
}

mod tokens {
    use std::sync::LazyLock;

    use proptest::sample::{Index, select};

    use super::*;

    static KEY: LazyLock<TestKey> = LazyLock::new(|| test_key("k1"));

    /// Three tokens, and the keys that two of them and one were signed with.
    static SIGNED: LazyLock<(Keys, [String; 3])> = LazyLock::new(|| {
        let other = test_key("k2");
        let signed = [
            KEY.token(HEADER, CLAIMS),
            other.token(r#"{"alg":"EdDSA","kid":"k2"}"#, CLAIMS),
            KEY.token(HEADER, r#"{"sub":"KL-2026-000124"}"#),
        ];
        (keys_of(&[&KEY, &other]), signed)
    });

    #[test]
    fn a_token_of_ours_says_its_case_number() {
        let key = test_key("k1");
        let keys = keys_of(&[&key]);
        assert_eq!(keys.verify(&key.token(HEADER, CLAIMS)), Ok(case_number()));
        let with_type = key.token(r#"{"typ":"JWT","alg":"EdDSA","kid":"k1"}"#, CLAIMS);
        assert_eq!(keys.verify(&with_type), Ok(case_number()));
    }

    #[test]
    fn no_bit_of_a_token_may_flip() {
        let key = test_key("k1");
        let keys = keys_of(&[&key]);
        let token = key.token(HEADER, CLAIMS);
        for place in 0..token.len() {
            for bit in 0..8 {
                let mut bytes = token.clone().into_bytes();
                bytes[place] ^= 1 << bit;
                // What is no text any more never gets as far as a token.
                if let Ok(flipped) = String::from_utf8(bytes) {
                    assert_eq!(keys.verify(&flipped), Err(InvalidToken), "{place}.{bit}");
                }
            }
        }
    }

    #[test]
    fn a_header_that_says_anything_else_is_refused() {
        let key = test_key("k1");
        let keys = keys_of(&[&key]);
        for header in [
            r#"{"alg":"none","kid":"k1"}"#,
            r#"{"alg":"None","kid":"k1"}"#,
            r#"{"alg":"NONE","kid":"k1"}"#,
            r#"{"alg":"HS256","kid":"k1"}"#,
            r#"{"alg":"RS256","kid":"k1"}"#,
            r#"{"alg":"ES256","kid":"k1"}"#,
            r#"{"alg":"eddsa","kid":"k1"}"#,
            r#"{"alg":"EDDSA","kid":"k1"}"#,
            r#"{"alg":"EdDSA ","kid":"k1"}"#,
            r#"{"alg":["EdDSA"],"kid":"k1"}"#,
            r#"{"alg":null,"kid":"k1"}"#,
            r#"{"kid":"k1"}"#,
            r#"{"alg":"EdDSA"}"#,
            r#"{"alg":"EdDSA","kid":null}"#,
            r#"{"alg":"EdDSA","kid":1}"#,
            r#"{"alg":"EdDSA","kid":["k1"]}"#,
            r#"{"alg":"EdDSA","kid":"k2"}"#,
            r#"{"alg":"EdDSA","kid":"K1"}"#,
            r#"{"alg":"EdDSA","kid":""}"#,
            r#"{"alg":"EdDSA","kid":"../k1"}"#,
            r#"{"alg":"EdDSA","kid":"/etc/passwd"}"#,
            r#"{"alg":"EdDSA","kid":"https://evil.example/k1"}"#,
            r#"{"alg":"EdDSA","kid":"k1\u0000"}"#,
            r#"{"alg":"EdDSA","kid":"k1","kid":"k1"}"#,
            r#"{"alg":"EdDSA","alg":"EdDSA","kid":"k1"}"#,
            r#"{"alg":"none","alg":"EdDSA","kid":"k1"}"#,
            r#"{"alg":"EdDSA","kid":"k1","typ":"JWE"}"#,
            r#"{"alg":"EdDSA","kid":"k1","jku":"https://evil.example"}"#,
            r#"{"alg":"EdDSA","kid":"k1","jwk":{}}"#,
            r#"{"alg":"EdDSA","kid":"k1","x5u":"https://evil.example"}"#,
            r#"{"alg":"EdDSA","kid":"k1","x5c":[]}"#,
            r#"{"alg":"EdDSA","kid":"k1","crit":["exp"]}"#,
            r#"{"alg":"EdDSA","kid":"k1","b64":false}"#,
            r#"["EdDSA","k1",null]"#,
            "null",
            "",
        ] {
            let token = key.token(header, CLAIMS);
            assert_eq!(keys.verify(&token), Err(InvalidToken), "{header}");
        }
    }

    #[test]
    fn claims_other_than_one_case_number_are_refused() {
        let key = test_key("k1");
        let keys = keys_of(&[&key]);
        for claims in [
            "{}",
            r#"{"sub":""}"#,
            r#"{"sub":null}"#,
            r#"{"sub":123}"#,
            r#"{"sub":["KL-1"]}"#,
            r#"{"sub":"KL#1"}"#,
            r#"{"sub":"../KL-1"}"#,
            r#"{"sub":"1234567890123456789012345678"}"#,
            r#"{"sub":"KL-1","sub":"KL-1"}"#,
            r#"{"sub":"KL-1","sub":"KL-2"}"#,
            r#"{"sub":"KL-1","exp":1}"#,
            r#"{"sub":"KL-1","iat":1}"#,
            r#"{"sub":"KL-1","aud":"x"}"#,
            r#"{"Sub":"KL-1"}"#,
            r#"["KL-1"]"#,
            r#"{"sub":"KL-1"} x"#,
            "",
        ] {
            let token = key.token(HEADER, claims);
            assert_eq!(keys.verify(&token), Err(InvalidToken), "{claims}");
        }
    }

    #[test]
    fn a_public_key_is_no_secret_to_sign_with() {
        // The classic confusion: HMAC with the bytes of the public key.
        let key = test_key("k1");
        let keys = keys_of(&[&key]);
        let message = format!(
            "{}.{}",
            BASE64URL_NOPAD.encode(br#"{"alg":"HS256","kid":"k1"}"#),
            BASE64URL_NOPAD.encode(CLAIMS.as_bytes())
        );
        let public = key.pair.public_key().as_ref();
        let hmac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, public);
        let tag = aws_lc_rs::hmac::sign(&hmac, message.as_bytes());
        let token = format!("{message}.{}", BASE64URL_NOPAD.encode(tag.as_ref()));
        assert_eq!(keys.verify(&token), Err(InvalidToken));
    }

    #[test]
    fn a_token_has_one_spelling_only() {
        let key = test_key("k1");
        let keys = keys_of(&[&key]);
        let token = key.token(HEADER, CLAIMS);
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            panic!("three parts");
        };
        // 64 bytes leave four bits of the last character unused: zero in ours.
        let (most, last) = signature.split_at(signature.len() - 1);
        let unused_bit = match last {
            "A" => "B",
            "Q" => "R",
            "g" => "h",
            "w" => "x",
            other => panic!("not canonical: {other}"),
        };
        for other in [
            format!("{header}.{claims}.{most}{unused_bit}"),
            format!("{header}=.{claims}.{signature}"),
            format!("{header}.{claims}.{signature}=="),
            format!("{header}.{claims}.{signature}\n"),
            format!("{header}.{claims}.{signature}\r\n"),
            format!(" {header}.{claims}.{signature}"),
            format!("{header}\n.{claims}.{signature}"),
            format!("{header}.{claims}.{signature}."),
            format!(".{header}.{claims}.{signature}"),
            format!("{header}.{claims}.{signature}.{claims}.{signature}"),
            format!("{header}.{claims}."),
            format!("{header}.{claims}"),
            format!("{header}..{signature}"),
            format!("{header}.{claims}.{}", &signature[..84]),
            format!("{header}.{claims}.{signature}AAAA"),
            format!(".{claims}.{signature}"),
            format!("{header}.{claims}.{signature}")
                .replace('-', "+")
                .replace('_', "/")
                + "+",
            "..".to_owned(),
            "....".to_owned(),
            String::new(),
        ] {
            assert_eq!(keys.verify(&other), Err(InvalidToken), "{other}");
            // Refused for its form, before any key is tried.
            assert_eq!(unverified_kid(&other), None, "{other}");
        }
        assert_eq!(keys.verify(&token), Ok(case_number()));
    }

    #[test]
    fn a_token_too_long_is_refused_though_it_is_signed() {
        let key = test_key("k1");
        let keys = keys_of(&[&key]);
        let padded = |spaces: usize| key.token(HEADER, &format!("{CLAIMS}{}", " ".repeat(spaces)));
        let longest = (0..TOKEN_LEN_MAX)
            .map(padded)
            .take_while(|token| token.len() <= TOKEN_LEN_MAX)
            .last()
            .unwrap();
        assert_eq!(keys.verify(&longest), Ok(case_number()));
        let (spaces, megabyte) = (TOKEN_LEN_MAX, 1 << 20);
        assert_eq!(keys.verify(&padded(spaces)), Err(InvalidToken));
        assert_eq!(keys.verify(&padded(megabyte)), Err(InvalidToken));
        assert_eq!(keys.verify(&"a.".repeat(megabyte)), Err(InvalidToken));
    }

    #[test]
    fn the_longest_case_number_under_the_longest_kid_fits() {
        let kid = "k".repeat(crate::jwks::KID_LEN_MAX);
        let key = test_key(&kid);
        let longest = "9".repeat(CASE_NUMBER_LEN_MAX);
        let token = key.token(
            &format!(r#"{{"typ":"JWT","alg":"EdDSA","kid":"{kid}"}}"#),
            &format!(r#"{{"sub":"{longest}"}}"#),
        );
        assert_eq!(token.len(), TOKEN_LEN_MAX);
        assert_eq!(
            keys_of(&[&key]).verify(&token).map(String::from),
            Ok(longest.clone())
        );
        // The limit counts on `CaseNumber` taking no longer ones.
        assert!(format!("{longest}9").parse::<CaseNumber>().is_err());
    }

    #[test]
    fn while_keys_rotate_both_are_good_each_under_its_own_kid() {
        let (old, new) = (test_key("k1"), test_key("k2"));
        let both = keys_of(&[&old, &new]);
        let of_old = old.token(HEADER, CLAIMS);
        let of_new = new.token(r#"{"alg":"EdDSA","kid":"k2"}"#, CLAIMS);
        assert_eq!(both.verify(&of_old), Ok(case_number()));
        assert_eq!(both.verify(&of_new), Ok(case_number()));
        // Signed by one, under the name of the other.
        assert_eq!(both.verify(&new.token(HEADER, CLAIMS)), Err(InvalidToken));
        let after = keys_of(&[&new]);
        assert_eq!(after.verify(&of_old), Err(InvalidToken));
        assert_eq!(after.verify(&of_new), Ok(case_number()));
    }

    /// What libraries, mail programs and printers add or mistake.
    const STRANGE: [&str; 12] = [
        "=", "==", ".", "..", "+", "/", "\n", "\0", " ", "\u{202e}", "\u{ff21}", "é",
    ];

    /// One thing done to a token.
    #[derive(Clone, Debug)]
    enum Edit {
        Flip(Index, u8),
        Insert(Index, String),
        /// At the border of a part: 0 begins the first, 3 ends the last.
        Pad(usize, String),
        Delete(Index, usize),
        Repeat(usize),
        /// This part of that token in the place of another part.
        Take(usize, usize, usize),
        /// Another header or other claims, under the signature that is there.
        Say(usize, String),
        Swap(usize, usize),
    }

    fn edit() -> impl Strategy<Value = Edit> {
        let text = prop_oneof![
            select(&STRANGE[..]).prop_map(str::to_owned),
            "[A-Za-z0-9_.=-]{1,6}",
            "\\PC{1,4}",
        ];
        let said = select(vec![
            r#"{"alg":"none","kid":"k1"}"#.to_owned(),
            r#"{"alg":"HS256","kid":"k1"}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"k2"}"#.to_owned(),
            r#"{"typ":"JWT","alg":"EdDSA","kid":"k1"}"#.to_owned(),
            r#"{"alg": "EdDSA","kid":"k1"}"#.to_owned(),
            HEADER.to_owned(),
            CLAIMS.to_owned(),
            r#"{"sub":"KL-2026-000124"}"#.to_owned(),
            r#"{"sub": "KL-2026-000123"}"#.to_owned(),
        ]);
        prop_oneof![
            (any::<Index>(), 0_u8..7).prop_map(|(at, bit)| Edit::Flip(at, bit)),
            (any::<Index>(), text.clone()).prop_map(|(at, text)| Edit::Insert(at, text)),
            (0_usize..=3, text).prop_map(|(border, text)| Edit::Pad(border, text)),
            (any::<Index>(), 1_usize..90).prop_map(|(at, len)| Edit::Delete(at, len)),
            (2_usize..4_000).prop_map(Edit::Repeat),
            (0_usize..3, 0_usize..3, 0_usize..3)
                .prop_map(|(to, token, part)| Edit::Take(to, token, part)),
            (0_usize..2, said).prop_map(|(part, said)| Edit::Say(part, said)),
            (0_usize..3, 0_usize..3).prop_map(|(one, other)| Edit::Swap(one, other)),
        ]
    }

    /// `text` with `edit` made on it; the tokens are those that were signed.
    fn edited(text: &str, edit: &Edit, signed: &[String]) -> String {
        let place = |at: &Index| {
            let mut place = at.index(text.len() + 1);
            while !text.is_char_boundary(place) {
                place -= 1;
            }
            place
        };
        let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        match edit {
            Edit::Flip(at, bit) => {
                let mut bytes = text.as_bytes().to_vec();
                if let Some(byte) = bytes.get_mut(place(at)) {
                    *byte ^= 1 << bit;
                }
                return String::from_utf8_lossy(&bytes).into_owned();
            }
            Edit::Insert(at, more) => {
                let (before, after) = text.split_at(place(at));
                return format!("{before}{more}{after}");
            }
            Edit::Pad(border, more) => match parts.get_mut(*border) {
                Some(part) => *part = format!("{more}{part}"),
                None => return format!("{text}{more}"),
            },
            Edit::Delete(at, len) => {
                let (before, after) = text.split_at(place(at));
                return before.chars().chain(after.chars().skip(*len)).collect();
            }
            Edit::Repeat(times) => return text.repeat((*times).min(40_000 / text.len().max(1))),
            Edit::Take(to, token, part) => {
                let other = signed[*token].split('.').nth(*part).unwrap();
                if let Some(part) = parts.get_mut(*to) {
                    other.clone_into(part);
                }
            }
            Edit::Say(part, said) => {
                if let Some(part) = parts.get_mut(*part) {
                    *part = BASE64URL_NOPAD.encode(said.as_bytes());
                }
            }
            Edit::Swap(one, other) => {
                let last = parts.len() - 1;
                parts.swap((*one).min(last), (*other).min(last));
            }
        }
        parts.join(".")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_024))]

        /// Three tokens of two keys, taken apart, mixed and damaged: what comes
        /// out is one of the three to the byte, or nothing.
        #[test]
        fn a_changed_token_is_refused_unless_it_is_one_that_was_signed(
            first in 0_usize..3,
            edits in proptest::collection::vec(edit(), 0..4),
        ) {
            let (keys, signed) = &*SIGNED;
            let mut text = signed[first].clone();
            for edit in &edits {
                text = edited(&text, edit, signed);
            }
            let expected = match signed.iter().position(|token| *token == text) {
                Some(0 | 1) => Ok(case_number()),
                Some(_) => Ok("KL-2026-000124".parse().unwrap()),
                None => Err(InvalidToken),
            };
            prop_assert_eq!(keys.verify(&text), expected, "{}", text);
        }

        #[test]
        fn every_case_number_comes_back_out_of_its_token(text in "[A-Za-z0-9-]{1,27}") {
            let key = &*KEY;
            let token = key.token(HEADER, &format!(r#"{{"sub":"{text}"}}"#));
            let read = keys_of(&[key]).verify(&token);
            prop_assert_eq!(read.map(String::from), Ok(text));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_believe(text in "\\PC{0,300}") {
            prop_assert_eq!(keys_of(&[&test_key("k1")]).verify(&text), Err(InvalidToken));
        }

        #[test]
        fn no_parts_make_it_panic_or_believe(
            header in proptest::collection::vec(any::<u8>(), 0..60),
            claims in proptest::collection::vec(any::<u8>(), 0..60),
            signature in proptest::collection::vec(any::<u8>(), 60..68),
            ours in any::<bool>(),
        ) {
            let header = if ours { HEADER.as_bytes() } else { &header };
            let token = [header, &claims, &signature].map(|part| BASE64URL_NOPAD.encode(part)).join(".");
            prop_assert_eq!(keys_of(&[&test_key("k1")]).verify(&token), Err(InvalidToken));
        }
    }
}

mod public_keys {
    use super::*;

    #[test]
    fn what_is_no_public_ed25519_key_is_refused_by_the_variables_name() {
        let x = BASE64URL_NOPAD.encode(test_key("k1").pair.public_key().as_ref());
        let jwk = |fields: &str| format!(r#"{{"keys":[{{{fields}}}]}}"#);
        let mut refused = vec![
            String::new(),
            "{}".to_owned(),
            "[]".to_owned(),
            r#"{"keys":[]}"#.to_owned(),
            r#"{"keys":[null]}"#.to_owned(),
            r#"{"keys":{}}"#.to_owned(),
            "-----BEGIN PUBLIC KEY-----".to_owned(),
            jwk(&format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}""#)),
            jwk(r#""kty":"OKP","crv":"Ed25519","kid":"k1""#),
            jwk(r#""kty":"oct","kid":"k1","k":"c2VjcmV0""#),
            jwk(r#""kty":"RSA","kid":"k1","n":"AQAB","e":"AQAB""#),
            jwk(&format!(
                r#""kty":"EC","crv":"P-256","kid":"k1","x":"{x}","y":"{x}""#
            )),
        ];
        for (crv, kid, x, rest) in [
            ("X25519", "k1", x.as_str(), ""),
            ("Ed448", "k1", &x, ""),
            ("Ed25519", "", &x, ""),
            ("Ed25519", "../k1", &x, ""),
            ("Ed25519", "k\\u00e4", &x, ""),
            ("Ed25519", &"k".repeat(44), &x, ""),
            ("Ed25519", "k1", "AQAB", ""),
            ("Ed25519", "k1", &format!("{x}="), ""),
            ("Ed25519", "k1", &format!("{x}A"), ""),
            ("Ed25519", "k1", &x, r#","alg":"HS256""#),
            ("Ed25519", "k1", &x, r#","use":"enc""#),
            ("Ed25519", "k1", &x, r#","key_ops":["sign"]"#),
            ("Ed25519", "k1", &x, r#","key_ops":["verify","sign"]"#),
            ("Ed25519", "k1", &x, r#","kid":"k2""#),
            ("Ed25519", "k1", &x, r#","x5u":"https://evil.example""#),
        ] {
            refused.push(jwk(&format!(
                r#""kty":"OKP","crv":"{crv}","kid":"{kid}","x":"{x}"{rest}"#
            )));
        }
        for text in refused {
            let Err(error) = keys_in(&text) else {
                panic!("taken: {text}");
            };
            assert!(error.to_string().starts_with("TOKEN_KEYS "), "{error}");
        }
    }

    #[test]
    fn a_private_key_is_refused_and_not_repeated() {
        let x = BASE64URL_NOPAD.encode(test_key("k1").pair.public_key().as_ref());
        let made_for_this_test = "cHJpdmF0ZQ";
        let Err(error) = keys_in(&format!(
            r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"{x}","d":"{made_for_this_test}"}}]}}"#
        )) else {
            panic!("taken");
        };
        assert!(!error.to_string().contains(made_for_this_test), "{error}");
    }

    #[test]
    fn what_others_write_beside_a_key_is_read() {
        let key = test_key("k1");
        for rest in [
            r#""use":"sig""#,
            r#""alg":"EdDSA""#,
            r#""alg":"Ed25519""#,
            r#""key_ops":["verify"]"#,
        ] {
            let jwk = key.jwk.replacen('{', &format!("{{{rest},"), 1);
            let keys = keys_in(&format!(r#"{{"keys":[{jwk}]}}"#)).unwrap();
            assert_eq!(keys.verify(&key.token(HEADER, CLAIMS)), Ok(case_number()));
        }
    }

    #[test]
    fn one_kid_for_two_keys_or_two_for_one_is_refused() {
        let (one, other) = (test_key("k1"), test_key("k1"));
        let again = one.jwk.replace("k1", "k2");
        for jwks in [[&one.jwk, &other.jwk], [&one.jwk, &again]] {
            let text = format!(r#"{{"keys":[{},{}]}}"#, jwks[0], jwks[1]);
            assert!(keys_in(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn without_the_variable_it_refuses_to_start() {
        let error = Keys::from_vars(&|_| None).err().unwrap().to_string();
        assert!(error.starts_with("TOKEN_KEYS is not set"), "{error}");
    }
}

mod printed {
    use super::*;

    #[test]
    fn the_check_word_is_five_letters_and_follows_the_token() {
        // Worked out apart, from `printf KL | sha256sum`.
        assert_eq!(check_word("KL"), "VTLHN");
        let words: std::collections::BTreeSet<String> = (0..1_000)
            .map(|number| check_word(&number.to_string()))
            .collect();
        assert!(words.len() > 990, "{}", words.len());
        for word in &words {
            assert_eq!(word.chars().count(), CHECK_WORD_LEN);
            assert!(
                word.chars()
                    .all(|letter| CHECK_WORD_LETTERS.contains(&letter))
            );
        }
    }

    #[test]
    fn no_letter_is_a_vowel_or_looks_like_another() {
        for letter in "AEIOUYBGQSZ".chars() {
            assert!(!CHECK_WORD_LETTERS.contains(&letter), "{letter}");
        }
    }

    #[test]
    fn the_address_lies_under_the_base() {
        assert_eq!(
            url("https://pay.example.de", "a.b.c"),
            "https://pay.example.de/t/a.b.c"
        );
    }
}

#[cfg(feature = "signing")]
mod signing {
    use super::*;
    use crate::{NoSigningKey, SigningKey};

    #[test]
    fn what_is_signed_is_verified_under_the_kid_of_its_public_key() {
        let (other, key) = (test_key("k1"), test_key("k2"));
        let keys = keys_of(&[&other, &key]);
        let signing = SigningKey::from_pem(&key.pem, &keys).unwrap();
        let token = signing.sign(&case_number());
        assert_eq!(keys.verify(&token), Ok(case_number()));
        assert_eq!(token, key.token(r#"{"alg":"EdDSA","kid":"k2"}"#, CLAIMS));
        assert_eq!(keys_of(&[&other]).verify(&token), Err(InvalidToken));
    }

    proptest! {
        #[test]
        fn a_ticket_of_any_number_opens_by_what_is_printed_on_it(text in "[A-Za-z0-9-]{1,27}") {
            let key = test_key("2026");
            let keys = keys_of(&[&key]);
            let case_number: CaseNumber = text.parse().unwrap();
            let token = SigningKey::from_pem(&key.pem, &keys).unwrap().sign(&case_number);
            prop_assert!(token.len() <= TOKEN_LEN_MAX);
            prop_assert_eq!(keys.verify(&token), Ok(case_number));
        }
    }

    #[test]
    fn a_key_that_nobody_could_verify_refuses_to_start() {
        let (known, unknown) = (test_key("k1"), test_key("k1"));
        let error = SigningKey::from_pem(&unknown.pem, &keys_of(&[&known])).err();
        assert!(
            matches!(error, Some(NoSigningKey::NotAmongKeys)),
            "{error:?}"
        );
    }

    #[test]
    fn what_is_no_ed25519_key_refuses_to_start_and_is_not_repeated() {
        let key = test_key("k1");
        let keys = keys_of(&[&key]);
        let body = key.pem.lines().nth(1).unwrap();
        for pem in [
            String::new(),
            body.to_owned(),
            key.pem.replace("PRIVATE", "RSA PRIVATE"),
            key.pem.replace("PRIVATE", "PUBLIC"),
            key.pem.replace(body, "AAAA"),
            key.pem.replace(body, &body[4..]),
        ] {
            let error = SigningKey::from_pem(&pem, &keys).err();
            assert!(
                matches!(error, Some(NoSigningKey::NotAnEd25519Key)),
                "{pem}"
            );
            let text = error.unwrap().to_string();
            assert!(text.contains("TOKEN_SIGNING_KEY"), "{text}");
            assert!(!text.contains(&body[..20]), "{text}");
        }
    }
}
