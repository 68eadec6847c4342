//! The keys of the QR codes: the public ones are a setting, the private one is a secret.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::{BASE64_MIME, BASE64URL_NOPAD};
use jiff::Timestamp;
use serde_json::{Value, json};
use token::{Keys, SigningKey};

use crate::Problem;
use crate::setting::Setting;
use crate::stack::Stack;

/// The secret that `issue-tickets` signs with.
pub(crate) const SIGNING_KEY: &str = "token/signing-key";
/// The one that it will sign with, once every function knows its public half.
const NEXT_SIGNING_KEY: &str = "token/next-signing-key";
const KEYS: &str = "token/keys";

/// A new key: at first the one that signs at once; later the next one, which signs when
/// every function knows it.
pub(crate) async fn new(stack: &Stack, now: Timestamp) -> Result<Vec<String>, Problem> {
    if stack.parameter(NEXT_SIGNING_KEY).await?.is_some() {
        return Err(Problem::new(
            "there is a next key already: `ops apply`, then `ops keys use`",
        ));
    }
    let mut keys = public_keys(stack).await?;
    let pair = Ed25519KeyPair::generate().map_err(|_| Problem::new("no key can be made here"))?;
    let kid = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    keys.push(json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": kid,
        "x": BASE64URL_NOPAD.encode(pair.public_key().as_ref()),
    }));
    let is_first = stack.parameter(SIGNING_KEY).await?.is_none();
    let secret = if is_first {
        SIGNING_KEY
    } else {
        NEXT_SIGNING_KEY
    };
    // The public one first: nobody signs with it, so it does no harm where this fails then. A
    // private one without it could neither be used nor be made anew.
    put(stack, &keys).await?;
    stack.put_new_secret(secret, &pem(&pair)?).await?;
    if !public_keys(stack).await?.contains(&keys[keys.len() - 1]) {
        return Err(Problem::new(
            "somebody else has written the keys at the same moment: look at `ops keys list`",
        ));
    }
    let then = if is_first {
        "it signs from the first deployment on"
    } else {
        "next: `ops apply`, so that every function knows it, then `ops keys use`"
    };
    Ok(vec![format!("{kid} is there; {then}")])
}

/// Has the next key sign.
pub(crate) async fn sign_with_next(stack: &Stack) -> Result<Vec<String>, Problem> {
    let next = stack
        .needed(NEXT_SIGNING_KEY, "`ops keys new` makes one")
        .await?;
    for (function, variables) in stack.told().await? {
        let Some(keys) = variables.get("TOKEN_KEYS") else {
            continue;
        };
        let keys = Keys::from_vars(&|_| Some(keys.clone()));
        let knows = keys.is_ok_and(|keys| SigningKey::from_pem(&next, &keys).is_ok());
        if !knows {
            return Err(Problem::new(format!(
                "{function} does not know it yet, and codes signed with it would be refused: \
                 `ops apply` first"
            )));
        }
    }
    stack.put_secret(SIGNING_KEY, &next).await?;
    stack.delete_parameter(NEXT_SIGNING_KEY).await?;
    Ok(vec![
        "it signs from now on; next: `ops apply`, so that issue-tickets starts anew".to_owned(),
    ])
}

/// The public keys, and which signs.
pub(crate) async fn list(stack: &Stack) -> Result<Vec<String>, Problem> {
    let signing = kid_of(stack, SIGNING_KEY).await?;
    let next = kid_of(stack, NEXT_SIGNING_KEY).await?;
    let keys = public_keys(stack).await?;
    let line = |key: &Value| {
        let kid = key["kid"].as_str().unwrap_or_default();
        let what = match () {
            () if signing.as_deref() == Some(kid) => "signs",
            () if next.as_deref() == Some(kid) => "signs next",
            () => "opens codes printed with it",
        };
        format!("{kid}  {what}")
    };
    Ok(keys.iter().map(line).collect())
}

/// Takes a public key away: what was printed with it opens no page any more.
pub(crate) async fn retire(stack: &Stack, kid: &str) -> Result<Vec<String>, Problem> {
    for secret in [SIGNING_KEY, NEXT_SIGNING_KEY] {
        if kid_of(stack, secret).await?.as_deref() == Some(kid) {
            return Err(Problem::new(format!(
                "{kid} signs, and every code that is printed now would be refused: \
                 `ops keys new` first"
            )));
        }
    }
    let mut keys = public_keys(stack).await?;
    let before = keys.len();
    keys.retain(|key| key["kid"] != kid);
    if keys.len() == before {
        return Err(Problem::new(format!(
            "there is no key {kid}: see `ops keys list`"
        )));
    }
    put(stack, &keys).await?;
    Ok(vec![format!(
        "{kid} is taken away; next: `ops apply`. Codes printed with it open no page then"
    )])
}

async fn kid_of(stack: &Stack, secret: &str) -> Result<Option<String>, Problem> {
    let Some(pem) = stack.parameter(secret).await? else {
        return Ok(None);
    };
    let keys = public_keys(stack).await?;
    let is_of = |key: &&Value| {
        let alone = json!({ "keys": [key] }).to_string();
        let keys = Keys::from_vars(&|_| Some(alone.clone()));
        keys.is_ok_and(|keys| SigningKey::from_pem(&pem, &keys).is_ok())
    };
    let kid = keys.iter().find(is_of).and_then(|key| key["kid"].as_str());
    Ok(kid.map(str::to_owned))
}

async fn public_keys(stack: &Stack) -> Result<Vec<Value>, Problem> {
    let Some(jwks) = stack.parameter(KEYS).await? else {
        return Ok(Vec::new());
    };
    let jwks: Value = serde_json::from_str(&jwks).map_err(|_| not_jwks(stack))?;
    jwks["keys"]
        .as_array()
        .cloned()
        .ok_or_else(|| not_jwks(stack))
}

fn not_jwks(stack: &Stack) -> Problem {
    let name = stack.parameter_name(KEYS);
    Problem::new(format!(
        "{name} holds no JWKS: its history in the parameter store has the last one"
    ))
}

async fn put(stack: &Stack, keys: &[Value]) -> Result<(), Problem> {
    let setting = Setting::of(KEYS).ok_or_else(|| Problem::new("no such setting"))?;
    let jwks = json!({ "keys": keys }).to_string();
    if !setting.is_right(&jwks) {
        return Err(Problem::new(
            "no function would start with these keys; nothing was written",
        ));
    }
    Ok(stack.put_setting(setting, &jwks).await?)
}

fn pem(pair: &Ed25519KeyPair) -> Result<String, Problem> {
    let der: Pkcs8V1Der<'_> = pair
        .as_der()
        .map_err(|_| Problem::new("no key can be made here"))?;
    let lines = BASE64_MIME.encode(der.as_ref()).replace("\r\n", "\n");
    let lines = lines.trim_end();
    Ok(format!(
        "-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n"
    ))
}
