//! Is whatever could change an account refused before it is sent?

use url::Url;

use super::super::{HttpClient, HttpErrorKind, NetSettings, Request};
use super::{WECHAT_PATHS, is_wechat_reading, keep};

#[tokio::test]
async fn an_interface_that_is_not_on_the_list_is_never_asked() {
    let http = HttpClient::new(NetSettings::default()).unwrap();
    for path in [
        "/cgi-bin/menu/delete",
        "/cgi-bin/menu/create",
        "/cgi-bin/message/mass/sendall",
        "/cgi-bin/freepublish/submit",
        "/cgi-bin/freepublish/delete",
        "/cgi-bin/clear_quota",
        "/cgi-bin/token",
        "/cgi-bin/menu/get/../delete",
        "/cgi-bin/menu/get/",
        "/CGI-BIN/menu/get",
        "/",
    ] {
        for host in ["api.weixin.qq.com", "API.weixin.qq.com.", "api.weixin.qq.com:443"] {
            let url: Url = format!("https://{host}{path}?access_token=T").parse().unwrap();
            let error = http.send(Request::get(url)).await.unwrap_err();
            assert_eq!(error.kind, HttpErrorKind::Refused, "{path}");
            assert!(error.detail.contains("只读") && !error.detail.contains("=T"), "{error}");
        }
    }
}

#[test]
fn the_list_holds_nothing_that_changes_an_account() {
    for path in WECHAT_PATHS {
        let verb = path.rsplit('/').next().unwrap();
        let changes = ["create", "add", "del", "send", "submit", "clear", "update", "set"];
        assert!(!changes.iter().any(|word| verb.starts_with(word)), "{path}");
        assert!(is_wechat_reading(path));
        assert!(keep(&format!("https://api.weixin.qq.com{path}").parse().unwrap()).is_ok());
    }
    assert!(keep(&"https://www.example.gov.cn/anything".parse().unwrap()).is_ok());
}
