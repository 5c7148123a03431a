//! The end of an authorization that was begun on a command line: the provider sends the user's browser back to this machine.

use std::time::Duration;

use domain::{Error, ErrorKind, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::{Host, Url};

use crate::secret::Secret;

const OPERATION: &str = "wait for the browser";
/// Bytes of a request that are read.
const MOST: usize = 16 << 10;
/// How long a browser may take to send one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Listens on the address that is registered with the provider.
pub struct Loopback {
    listener: TcpListener,
    redirect: Url,
}

impl Loopback {
    /// Listen where `redirect` leads, which must be on this machine.
    ///
    /// # Errors
    /// `Invalid` when it leads elsewhere; `Unavailable` when the port is taken.
    pub async fn bind(redirect: &Url) -> Result<Self> {
        let elsewhere = || {
            Error::invalid(OPERATION, format!("{redirect} is not an address of this machine"))
                .with_hint("register http://127.0.0.1:7711/callback with the provider, or connect through the server")
        };
        let host = match redirect.host().filter(|_| redirect.scheme() == "http") {
            Some(Host::Ipv4(address)) if address.is_loopback() => address.to_string(),
            Some(Host::Ipv6(address)) if address.is_loopback() => format!("[{address}]"),
            Some(Host::Domain("localhost")) => "127.0.0.1".to_owned(),
            _ => return Err(elsewhere()),
        };
        let port = redirect.port_or_known_default().ok_or_else(elsewhere)?;
        let listener = TcpListener::bind(format!("{host}:{port}")).await.map_err(|error| {
            Error::unavailable(OPERATION, format!("cannot listen on {host}:{port}: {error}"))
                .with_source(error)
                .with_hint("stop what listens there, or register and configure another port")
        })?;
        Ok(Self {
            listener,
            redirect: redirect.clone(),
        })
    }

    /// Wait for the browser to bring back `state` with the provider's code; whatever else asks meanwhile is told that there is
    /// nothing.
    ///
    /// # Errors
    /// `Denied` when the user or the provider refuses.
    pub async fn wait(&self, state: &Secret) -> Result<Secret> {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                continue;
            };
            // One that says nothing must not keep the others waiting for long.
            if let Ok(Some(outcome)) = tokio::time::timeout(PATIENCE, self.answer(stream, state)).await {
                return outcome;
            }
        }
    }

    async fn answer(&self, mut stream: TcpStream, state: &Secret) -> Option<Result<Secret>> {
        let head = head(&mut stream).await?;
        let outcome = self.read(&head, state);
        let (status, text) = match &outcome {
            None => ("404 Not Found", "There is nothing here."),
            Some(Ok(_)) => ("200 OK", "Done. You can close this page and go back to the terminal."),
            Some(Err(_)) => ("400 Bad Request", "Not connected. The terminal says why."),
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{text}",
            text.len()
        );
        // The browser may be gone; what it brought is here.
        stream.write_all(answer.as_bytes()).await.ok();
        stream.shutdown().await.ok();
        outcome
    }

    /// The code that the first line of a request brings back; none when it is for something else.
    fn read(&self, head: &str, state: &Secret) -> Option<Result<Secret>> {
        let mut words = head.lines().next()?.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let url = self.redirect.join(target).ok()?;
        if method != "GET" || url.path() != self.redirect.path() || url.origin() != self.redirect.origin() {
            return None;
        }
        let value = |name: &str| {
            url.query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        if Secret::new(value("state")?) != *state {
            return None;
        }
        match (value("code"), value("error")) {
            (Some(code), None) => Some(Ok(Secret::new(code))),
            (_, Some(error)) => {
                let shown: String = error.chars().filter(char::is_ascii_graphic).take(60).collect();
                let refused = Error::new(ErrorKind::Denied, OPERATION, format!("the provider answered `{shown}`"));
                Some(Err(refused.with_hint("connect again and agree to what is asked")))
            }
            (None, None) => None,
        }
    }
}

/// The head of a request.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let mut some = [0; 2048];
    while !read.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut some).await.ok().filter(|count| *count > 0)?;
        read.extend_from_slice(&some[..count]);
        if read.len() > MOST {
            return None;
        }
    }
    String::from_utf8(read).ok()
}

#[cfg(test)]
mod tests {
    use domain::ErrorKind;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use url::Url;

    use super::Loopback;
    use crate::secret::Secret;

    async fn listening() -> (Loopback, String) {
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let redirect = Url::parse(&format!("http://127.0.0.1:{}/callback", free.port())).unwrap();
        (Loopback::bind(&redirect).await.unwrap(), free.to_string())
    }

    async fn get(address: &str, target: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_code_is_taken_and_other_requests_are_not() {
        let (loopback, address) = listening().await;
        let state = Secret::new("s");
        let (code, answers) = tokio::join!(loopback.wait(&state), async {
            let stray = get(&address, "/favicon.ico").await;
            let foreign = get(&address, "/callback?code=mine&state=other").await;
            (stray, foreign, get(&address, "/callback?code=c%2F1&state=s").await)
        });
        assert_eq!(code.unwrap().expose(), "c/1");
        assert!(answers.0.starts_with("HTTP/1.1 404") && answers.1.starts_with("HTTP/1.1 404"));
        assert!(answers.2.starts_with("HTTP/1.1 200"), "{}", answers.2);
    }

    #[tokio::test]
    async fn a_refusal_is_an_error() {
        let (loopback, address) = listening().await;
        let target = "/callback?error=access_denied&state=s";
        let state = Secret::new("s");
        let (returned, answer) = tokio::join!(loopback.wait(&state), get(&address, target));
        let error = returned.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(error.message().contains("access_denied") && answer.starts_with("HTTP/1.1 400"));
    }

    #[tokio::test]
    async fn an_address_elsewhere_is_refused() {
        for redirect in [
            "https://127.0.0.1/callback",
            "http://10.0.0.1:80/",
            "http://example.org/callback",
        ] {
            let error = Loopback::bind(&Url::parse(redirect).unwrap()).await.err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{redirect}");
        }
    }
}
