//! Do commands reach the daemon, and does nothing that a client does harm it?

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

struct Place {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("freshd.sock");
    Place { _dir: dir, path }
}

async fn echo(peer: Peer, request: Value) -> Response {
    assert!(request.get("panic").is_none(), "asked to panic");
    Response { exit: 3, stdout: request.to_string(), stderr: peer.uid.to_string(), file: None }
}

/// Runs `client` against a server at `path` and stops the server after it.
async fn with_server<T>(path: &Path, client: impl Future<Output = T>) -> T {
    let socket = ControlSocket::bind(path).await.unwrap();
    let stop = CancellationToken::new();
    let client = async {
        let result = client.await;
        stop.cancel();
        result
    };
    let (result, ()) = tokio::join!(client, serve(&socket, echo, stop.clone()));
    result
}

#[tokio::test]
async fn a_command_is_answered_with_the_peers_credentials() {
    let place = place();
    let response = with_server(&place.path, call(&place.path, &json!({"c": "状态"}))).await;
    let response = response.unwrap().unwrap();
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap());
    assert_eq!(response.exit, 3);
    assert_eq!(response.stdout, "{\"c\":\"状态\"}");
    assert_eq!(response.stderr, uid.to_string());
    assert!(!place.path.exists(), "the file goes away with the socket");
}

#[tokio::test]
async fn nobody_listening_is_none_and_no_error() {
    let place = place();
    assert!(call(&place.path, &json!({})).await.unwrap().is_none());
    drop(std::os::unix::net::UnixListener::bind(&place.path).unwrap());
    assert!(place.path.exists(), "a stale file stays behind");
    assert!(call(&place.path, &json!({})).await.unwrap().is_none());
    with_server(&place.path, async {
        let mode = std::fs::metadata(&place.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o660);
        assert!(call(&place.path, &json!({})).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn a_living_daemon_and_a_foreign_file_are_left_alone() {
    let place = place();
    with_server(&place.path, async {
        let second = ControlSocket::bind(&place.path).await;
        assert!(matches!(second, Err(ControlError::InUse(_))));
        assert!(call(&place.path, &json!({})).await.unwrap().is_some());
    })
    .await;
    std::fs::write(&place.path, "a file of somebody's").unwrap();
    let refused = ControlSocket::bind(&place.path).await;
    assert!(matches!(refused, Err(ControlError::NotASocket(_))));
    assert!(place.path.exists());
}

#[tokio::test]
async fn a_panic_answers_its_own_command_only() {
    let place = place();
    with_server(&place.path, async {
        let broken = call(&place.path, &json!({"panic": true})).await.unwrap().unwrap();
        assert_eq!(broken.exit, 1);
        assert!(broken.stderr.contains("内部错误"));
        assert_eq!(call(&place.path, &json!({})).await.unwrap().unwrap().exit, 3);
    })
    .await;
}

#[tokio::test]
async fn a_line_that_is_no_json_is_refused_in_words() {
    let place = place();
    with_server(&place.path, async {
        let mut stream = UnixStream::connect(&place.path).await.unwrap();
        stream.write_all(b"status\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let response: Response = serde_json::from_str(&answer).unwrap();
        assert_eq!(response.exit, 2);
    })
    .await;
}

#[tokio::test]
async fn a_silent_client_does_not_hold_up_others_or_the_stop() {
    let place = place();
    let silent = with_server(&place.path, async {
        let silent = UnixStream::connect(&place.path).await.unwrap();
        assert!(call(&place.path, &json!({})).await.unwrap().is_some());
        silent
    });
    drop(silent.await);
}

#[tokio::test]
async fn a_large_request_passes_and_too_large_a_one_does_not() {
    let place = place();
    with_server(&place.path, async {
        let large = json!({"file": "x".repeat(8 << 20)});
        let response = call(&place.path, &large).await.unwrap().unwrap();
        assert!(response.stdout.len() > 8 << 20);
        // Each quote takes two bytes in the request and four in the answer.
        let quotes = json!({"file": "\"".repeat(20 << 20)});
        let response = call(&place.path, &quotes).await.unwrap().unwrap();
        let bytes = serde_json::to_vec(&response).unwrap().len();
        assert!(bytes > LINE_BYTES_MAX, "an answer may be longer than a request: {bytes}");
        let larger = json!({"file": "x".repeat(LINE_BYTES_MAX)});
        assert!(matches!(call(&place.path, &larger).await, Err(ControlError::TooLong)));
    })
    .await;
}

#[tokio::test]
async fn a_daemon_that_dies_in_between_is_told_from_one_that_is_not_there() {
    let place = place();
    let listener = UnixListener::bind(&place.path).unwrap();
    let accept = async {
        let (stream, _) = listener.accept().await.unwrap();
        drop(stream);
    };
    let request = json!({});
    let (answer, ()) = tokio::join!(call(&place.path, &request), accept);
    let error = answer.unwrap_err();
    assert!(matches!(error, ControlError::Closed | ControlError::Io { .. }), "{error}");
}
