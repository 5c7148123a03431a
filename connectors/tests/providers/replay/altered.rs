//! A way to Atlassian's simulator on which some answers are altered: by what its organisation never has, and real sites do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::server;

/// A running way. It ends when this is dropped.
pub(crate) struct Altered {
    /// What to ask in place of the simulator.
    pub(crate) address: String,
    /// From when on a project and a space are no longer listed.
    pub(crate) late: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Drop for Altered {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Altered {
    /// A way to the simulator at `behind`.
    pub(crate) async fn start(behind: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let late = Arc::new(AtomicBool::new(false));
        let (behind, now) = (behind.to_owned(), Arc::clone(&late));
        let task = tokio::spawn(async move {
            let client = Client::new();
            loop {
                let (stream, _) = listener.accept().await.expect("somebody asks");
                pass(stream, (&client, &behind), now.load(Ordering::SeqCst)).await;
            }
        });
        Self { address, late, task }
    }
}

/// Pass one request on, and its answer back.
async fn pass(mut stream: TcpStream, (client, behind): (&Client, &str), late: bool) {
    let Some(asked) = server::read(&mut stream).await else {
        return;
    };
    let path = asked.path().to_owned();
    let method = Method::from_bytes(asked.method.as_bytes()).expect("a method");
    let mut request = client
        .request(method, format!("{behind}{}", asked.target))
        .body(asked.body);
    for (name, value) in asked.headers {
        if ["authorization", "accept", "content-type"].contains(&name.as_str()) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let mut body: Value = answer.json().await.unwrap_or_default();
    if status.is_success() {
        alter(&path, &mut body, late);
    }
    server::answer(stream, status.as_u16(), &body).await;
}

/// Alter the answer of a path.
fn alter(path: &str, body: &mut Value, late: bool) {
    let last = path.rsplit('/').next().unwrap_or_default();
    match last {
        "permissionscheme" => add(
            &mut body["permissions"],
            json!({ "permission": "BROWSE_PROJECTS", "holder": { "type": "projectRole", "value": "10002", "parameter": "10002" } }),
        ),
        "data-policy" => body["anyContentBlocked"] = json!(true),
        "bulkfetch" if path.contains("/issue/") => {
            body["issues"].as_array_mut().into_iter().flatten().for_each(cut_short);
        }
        "comment" => for_a_role(&mut body["comments"]),
        "search" if path.contains("/project/") && late => shorten(&mut body["values"]),
        "spaces" if late => shorten(&mut body["results"]),
        "permissions" => add(
            &mut body["results"],
            json!({ "id": "7", "principal": { "type": "group", "id": "9a7e" }, "operation": { "key": "read", "targetType": "space" } }),
        ),
        _ => {}
    }
}

fn add(list: &mut Value, item: Value) {
    if let Some(list) = list.as_array_mut() {
        list.push(item);
    }
}

fn shorten(list: &mut Value) {
    if let Some(list) = list.as_array_mut() {
        list.pop();
    }
}

/// Make the first of some comments one that a role alone reads.
fn for_a_role(comments: &mut Value) {
    if let Some(first) = comments.as_array_mut().and_then(|comments| comments.first_mut()) {
        first["visibility"] = json!({ "type": "role", "value": "Member", "identifier": "Member" });
    }
}

/// An issue that came with fewer comments than it has.
fn cut_short(issue: &mut Value) {
    let comment = &mut issue["fields"]["comment"];
    if let Some(comments) = comment["comments"].as_array() {
        comment["total"] = json!(comments.len() + 1);
    }
}
