//! One delivery to a webhook, as Standard Webhooks (standardwebhooks.com, 1.0) and the HTTP binding of CloudEvents (structured mode) have it.
//!
//! ```text
//! POST /webhook
//! content-type: application/cloudevents+json
//! webhook-id: jp_17_0                                  the same whenever this event is sent again
//! webhook-timestamp: 1764288000                        seconds since 1970
//! webhook-signature: v1,K5oZ… v1,g0hM…                 HMAC-SHA256 of id.timestamp.body, one for each secret that signs
//!
//! {"specversion":"1.0","id":"17",…,"checkpoint":"anAu…"}   the newest published checkpoint, a signed note in base64
//! ```
//!
//! Taken is what is answered with 2xx within the time; an answer's body is not looked at. A stream of security events is told the same way,
//! as RFC 8935 has it:
//!
//! ```text
//! POST /events
//! content-type: application/secevent+jwt
//! accept: application/json
//! authorization: Bearer …                              as the receiver wishes, if it does
//!
//! eyJ…                                                 taken with 202; refused with 400 and {"err", "description"}
//! ```
//!
//! Out of scope: whereto (`buyer::outbound`), when, and what follows.

use std::time::Duration;

use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Limited};
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue, USER_AGENT,
};
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::outbound::{Address, Outbound};
use super::signals::Authorization;
use crate::client::sender::Sender;

/// Media type of an event (CloudEvents 1.0.2, HTTP binding, section 3.2).
const CLOUD_EVENT: &str = "application/cloudevents+json";
/// Media type of a security event token (RFC 8417, section 7.2).
const SECURITY_EVENT: &str = "application/secevent+jwt";
/// What a secret begins with.
const SECRET_PREFIX: &str = "whsec_";
const SECRET_BYTES: usize = 32;
/// How long a receiver may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a connection may take until it can be used again; after that a new one is made.
const READY_TIMEOUT: Duration = Duration::from_secs(5);
/// Characters of each part of a refusal that are remembered.
const MAX_SAID: usize = 200;
/// Bytes of an answer that are read, so that the connection can be used again.
const MAX_ANSWER: usize = 16 * 1024;

/// A key that deliveries are signed with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// In base64, behind [`SECRET_PREFIX`].
    text: String,
    /// When it was made.
    pub made: Timestamp,
    /// Until when it signs, where another took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

/// No secret gets into a log line by accident.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(a secret)")
    }
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no random bytes")]
pub struct NoRandomness;

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn random(now: Timestamp) -> Result<Secret, NoRandomness> {
        let mut bytes = [0; SECRET_BYTES];
        rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        let text = format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes));
        bytes.zeroize();
        Ok(Secret { text, made: now, until: None })
    }

    /// As its owner is shown it, once.
    pub fn shown(&self) -> &str {
        &self.text
    }

    /// Whether it signs at this moment.
    pub fn signs(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }

    fn signature(&self, signed: &[u8]) -> String {
        let encoded = self.text.strip_prefix(SECRET_PREFIX).unwrap_or(&self.text);
        // It was written by this program.
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(encoded).unwrap_or_default());
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed)))
    }
}

/// What is delivered.
pub(super) struct Message {
    /// Its id, the same whenever it is sent again.
    pub(super) id: String,
    /// The CloudEvent, or the token.
    pub(super) body: Bytes,
    /// How it is sent.
    pub(super) form: Form,
}

/// How something is sent.
#[derive(Clone)]
pub(super) enum Form {
    /// As a CloudEvent, signed with each of these that signs.
    Webhook(Vec<Secret>),
    /// As a security event token, which is signed itself.
    Token(Option<Authorization>),
}

/// How a receiver took a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 2xx.
    Taken(u16),
    /// 410: it wants nothing any more.
    Gone,
    /// A status that says that this message is not wanted, whenever it is sent.
    Refused(u16),
    /// 501: it takes nothing of this kind.
    NotServed,
    /// Anything else: it may be taken later.
    Failed(String),
}

/// A connection to a receiver, as long as it holds.
pub(super) struct Delivering {
    outbound: Outbound,
    address: Address,
    open: Option<Sender>,
    /// What the receiver said in words of the last message, where it refused it.
    said: Option<String>,
}

impl Delivering {
    pub(super) fn to(outbound: Outbound, address: Address) -> Delivering {
        Delivering { outbound, address, open: None, said: None }
    }

    /// What the receiver said in words of the last message, where it refused it.
    pub(super) fn said(&mut self) -> Option<String> {
        self.said.take()
    }

    /// Sends `message`. Over a new connection where the receiver closed that of before: nothing
    /// was sent then, so that nothing failed.
    pub(super) async fn send(&mut self, message: &Message, now: Timestamp) -> Answer {
        if let Some(open) = self.ready().await
            && let Ok(answer) = self.over(open, message, now).await
        {
            return answer;
        }
        match self.outbound.connect(&self.address).await {
            Ok(new) => self.over(new, message, now).await.unwrap_or_else(|Unsent(why)| Answer::Failed(why)),
            Err(error) => Answer::Failed(error.to_string()),
        }
    }

    /// The connection of before, if something can be sent over it still.
    async fn ready(&mut self) -> Option<Sender> {
        let mut open = self.open.take()?;
        let ready = tokio::time::timeout(READY_TIMEOUT, open.is_ready()).await;
        (ready == Ok(true)).then_some(open)
    }

    async fn over(&mut self, mut sender: Sender, message: &Message, now: Timestamp) -> Result<Answer, Unsent> {
        let exchange = exchange(&mut sender, &self.address, message, now);
        match tokio::time::timeout(ANSWER_TIMEOUT, exchange).await {
            Ok(Ok(Heard { answer, said, is_reusable })) => {
                self.open = is_reusable.then_some(sender);
                self.said = said;
                Ok(answer)
            }
            Ok(Err(Broken::Unsent(unsent))) => Err(unsent),
            Ok(Err(Broken::Sent(why))) => Ok(Answer::Failed(why)),
            Err(_) => Ok(Answer::Failed(format!("no answer within {ANSWER_TIMEOUT:?}"))),
        }
    }
}

/// Not a byte of the request left.
struct Unsent(String);

/// Why there is no answer.
enum Broken {
    Unsent(Unsent),
    /// It may have arrived.
    Sent(String),
}

impl Broken {
    fn unsent(why: &dyn std::fmt::Display) -> Broken {
        Broken::Unsent(Unsent(why.to_string()))
    }

    fn of(error: &hyper::Error) -> Broken {
        let why = format!("the connection broke: {error}");
        // As hyper says of a request that was still waiting when the connection ended.
        if error.is_canceled() || error.is_closed() { Broken::unsent(&why) } else { Broken::Sent(why) }
    }
}

/// How a message was taken.
struct Heard {
    answer: Answer,
    said: Option<String>,
    /// Whether the connection can be used again.
    is_reusable: bool,
}

async fn exchange(sender: &mut Sender, address: &Address, message: &Message, now: Timestamp) -> Result<Heard, Broken> {
    let request = sender.request(Method::POST, address.path(), message.body.clone());
    let mut request = request.map_err(|error| Broken::unsent(&error))?;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("registry-node/", env!("CARGO_PKG_VERSION"))));
    address_to(headers, message, now).map_err(|error| Broken::unsent(&error))?;
    let answer = sender.send(request).await.map_err(|error| Broken::of(&error))?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await.ok().map(Collected::to_bytes);
    let (answer, said) = match message.form {
        Form::Webhook(_) => (told(status), None),
        Form::Token(_) => told_of_token(status, body.as_deref().unwrap_or_default()),
    };
    Ok(Heard { answer, said, is_reusable: body.is_some() })
}

/// The headers that tell what it is and from whom.
fn address_to(headers: &mut HeaderMap, message: &Message, now: Timestamp) -> Result<(), InvalidHeaderValue> {
    match &message.form {
        Form::Webhook(secrets) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(CLOUD_EVENT));
            let seconds = now.as_second().to_string();
            let signatures = signatures(message, &seconds, secrets, now);
            for (name, value) in
                [("webhook-id", &message.id), ("webhook-timestamp", &seconds), ("webhook-signature", &signatures)]
            {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
            }
        }
        Form::Token(authorization) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(SECURITY_EVENT));
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
            if let Some(authorization) = authorization {
                let mut value = HeaderValue::from_str(authorization.as_str())?;
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
        }
    }
    Ok(())
}

/// Why a receiver does not take a token (RFC 8935, section 2.3; RFC 8936, section 2.6).
#[derive(Debug, Deserialize)]
pub struct SetError {
    /// A code, such as `invalid_key`.
    pub err: String,
    /// In words.
    #[serde(default)]
    pub description: String,
}

impl SetError {
    /// As it is remembered: cut, and without what a terminal would take for orders.
    pub fn told(&self) -> String {
        let plain = |text: &str| text.chars().filter(|one| !one.is_control()).take(MAX_SAID).collect::<String>();
        format!("{}: {}", plain(&self.err), plain(&self.description))
    }

    /// Whether it is about keys and rights, which somebody mends, and not about this token.
    fn is_of_receiver(&self) -> bool {
        ["invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed", "access_denied"]
            .contains(&self.err.as_str())
    }
}

/// Taken is what is answered with 202, and nothing else: a page that says 200 took no token.
fn told_of_token(status: StatusCode, body: &[u8]) -> (Answer, Option<String>) {
    let error = (status == StatusCode::BAD_REQUEST).then(|| serde_json::from_slice::<SetError>(body).ok()).flatten();
    let said = error.as_ref().map(SetError::told);
    let answer = match told(status) {
        Answer::Taken(code) if status != StatusCode::ACCEPTED => {
            Answer::Failed(format!("status {code}, and a token is taken with 202"))
        }
        Answer::Refused(code) if error.is_some_and(|error| error.is_of_receiver()) => {
            Answer::Failed(format!("status {code}"))
        }
        answer => answer,
    };
    (answer, said)
}

fn signatures(message: &Message, seconds: &str, secrets: &[Secret], now: Timestamp) -> String {
    let signed = [message.id.as_bytes(), b".", seconds.as_bytes(), b".", &message.body].concat();
    let signing = secrets.iter().filter(|secret| secret.signs(now));
    signing.map(|secret| secret.signature(&signed)).collect::<Vec<_>>().join(" ")
}

fn told(status: StatusCode) -> Answer {
    let status_may_change =
        [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].into_iter().chain([
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::CONFLICT,
            StatusCode::TOO_EARLY,
            StatusCode::TOO_MANY_REQUESTS,
        ]);
    match status {
        StatusCode::GONE => Answer::Gone,
        StatusCode::NOT_IMPLEMENTED => Answer::NotServed,
        status if status.is_success() => Answer::Taken(status.as_u16()),
        // Of the receiver as it is, not of the message: an operator mends it.
        status if status_may_change.into_iter().any(|one| one == status) => {
            Answer::Failed(format!("status {}", status.as_u16()))
        }
        status if status.is_client_error() => Answer::Refused(status.as_u16()),
        status => Answer::Failed(format!("status {}", status.as_u16())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn secret(text: &str, until: Option<i64>) -> Secret {
        Secret { text: text.to_owned(), made: at(0), until: until.map(at) }
    }

    /// The example of the specification's libraries.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let message = Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            body: Bytes::from_static(b"{\"test\": 2432232314}"),
            form: Form::Webhook(Vec::new()),
        };
        let own = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None);
        let signed = signatures(&message, "1614265330", &[own], at(1_614_265_330));
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_old_secret_signs_beside_the_new_one_for_a_while() {
        let form = Form::Webhook(Vec::new());
        let message = Message { id: "jp_17_0".to_owned(), body: Bytes::from_static(b"{}"), form };
        let secrets = [secret("whsec_b25l", Some(100)), secret("whsec_dHdv", None)];
        let count = |now| signatures(&message, "1", &secrets, at(now)).split(' ').count();
        assert_eq!((count(99), count(100)), (2, 1));
    }

    #[test]
    fn secrets_are_random_shown_and_never_printed() {
        let (one, other) = (Secret::random(at(0)).unwrap(), Secret::random(at(0)).unwrap());
        assert!(one != other && one.shown().starts_with("whsec_") && one.shown().len() == 50);
        assert_eq!(format!("{one:?}"), "(a secret)");
    }

    #[test]
    fn a_token_is_taken_with_202_alone_and_a_refusal_is_remembered_in_words() {
        let refusal = |err: &str| format!(r#"{{"err":"{err}","description":"no\u001b[2J"}}"#);
        let rows = [
            (202, String::new(), "(Taken(202), None)"),
            (200, String::new(), r#"(Failed("status 200, and a token is taken with 202"), None)"#),
            (400, refusal("invalid_request"), r#"(Refused(400), Some("invalid_request: no[2J"))"#),
            (400, refusal("invalid_key"), r#"(Failed("status 400"), Some("invalid_key: no[2J"))"#),
            (400, "<html>".to_owned(), "(Refused(400), None)"),
            (400, "[1]".to_owned(), "(Refused(400), None)"),
            (410, String::new(), "(Gone, None)"),
            (503, refusal("invalid_request"), r#"(Failed("status 503"), None)"#),
        ];
        for (status, body, expected) in rows {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(format!("{:?}", told_of_token(status, body.as_bytes())), expected);
        }
        let long = SetError { err: "x".repeat(1_000), description: "y".repeat(1_000) };
        assert_eq!(long.told().len(), 2 * MAX_SAID + 2);
    }

    #[test]
    fn a_status_says_whether_to_try_again() {
        let rows = [
            (200, "Taken(200)"),
            (204, "Taken(204)"),
            (410, "Gone"),
            (400, "Refused(400)"),
            (413, "Refused(413)"),
            (501, "NotServed"),
        ];
        for (status, expected) in rows {
            assert_eq!(format!("{:?}", told(StatusCode::from_u16(status).unwrap())), expected);
        }
        for status in [301, 302, 307, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 599] {
            assert!(matches!(told(StatusCode::from_u16(status).unwrap()), Answer::Failed(_)), "{status}");
        }
    }
}
