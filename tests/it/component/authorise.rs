//! Is an owner led from the code on paper to an authorisation, once, and is the office told how far it has come?

use freshd::report::authorisations::{AuthorisationsView, Standing};
use freshd_sim::platforms::wechat_component::APPID;

use super::*;

const CREATE: &str = "/cgi-bin/component/api_create_preauthcode";
const QUERY: &str = "/cgi-bin/component/api_query_auth";
const HOST: &str = "https://monitor.example.gov.cn";

/// Status, head and body of a request with the public name.
async fn browse(
    daemon: &Daemon,
    method: &str,
    target: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    let mut stream = TcpStream::connect(daemon.address).await.unwrap();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: monitor.example.gov.cn\r\nConnection: close\r\n\
         {headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (answer[9..12].parse().unwrap(), head.to_ascii_lowercase(), body.to_owned())
}

async fn open(daemon: &Daemon, link: &str) -> (u16, String) {
    let target = link.strip_prefix(HOST).unwrap();
    let (status, head, body) = browse(daemon, "GET", target, "", "").await;
    assert!(head.contains("referrer-policy: strict-origin"), "WeChat looks at it: {head}");
    (status, body.replace("&amp;", "&").replace("&#x2f;", "/"))
}

async fn login(daemon: &Daemon) -> String {
    let headers = "Origin: https://monitor.example.gov.cn\r\nSec-Fetch-Site: same-origin\r\n\
                   Content-Type: application/x-www-form-urlencoded\r\n";
    let body = format!("token={OFFICE}");
    let (status, head, _) = browse(daemon, "POST", "/login", headers, &body).await;
    assert_eq!(status, 303, "{head}");
    let set = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    format!("Cookie: {}\r\n", set.split(';').next().unwrap())
}

fn progress(daemon: &Daemon) -> AuthorisationsView {
    daemon.app.authorisations(&[], None).unwrap()
}

fn row_of(view: &AuthorisationsView, account: &Account) -> freshd::report::authorisations::Row {
    let id = id_of(account).to_string();
    view.accounts.iter().find(|row| row.id == id).unwrap().clone()
}

/// Two verified accounts that post.
fn two(scene: &Scene) -> [&Account; 2] {
    let fits = |account: &&Account| {
        matches!(account.kind, Kind::Wechat { verified: true, .. }) && account.gone.is_none()
    };
    let mut found = scene.world.accounts.iter().filter(fits);
    [found.next().unwrap(), found.next().unwrap()]
}

#[tokio::test]
async fn from_the_code_on_paper_to_an_authorised_account() {
    let scene = Scene::set().await;
    let daemon = Daemon::start(&scene.config, &scene.clock).await;
    import(&daemon, &scene).await;
    daemon.push(&scene.wechat.ticket()).await;
    let [account, other] = two(&scene);
    let before = progress(&daemon);
    assert_eq!((before.totals.authorised, before.hindrances.len()), (0, 0));
    assert_eq!(before.totals.not_yet, before.totals.all);
    let link = row_of(&before, account).link.unwrap();

    // Opened as often as people and scanners like: WeChat is asked once.
    for _ in 0..3 {
        let (status, page) = open(&daemon, &link).await;
        assert_eq!(status, 200, "{page}");
        assert!(page.contains(&format!("biz_appid={}", app_id(account))), "{page}");
        assert!(page.contains("componentloginpage?component_appid=wx00c0ffee00c0ffee"), "{page}");
        assert!(page.contains("wxaopen/safe/bindcomponent"), "{page}");
        let back = "redirect_uri=https%3A%2F%2Fmonitor.example.gov.cn%2Fauthorise%2F";
        assert!(page.contains(back), "{page}");
        for secret in [component::SECRET, component::TOKEN, "componenttoken@@@", "ticket@@@"] {
            assert!(!page.contains(secret), "{secret}");
        }
    }
    assert_eq!(scene.asked(CREATE), 1);
    scene.clock.advance_to(scene.clock.now() + TimeDelta::minutes(26));
    open(&daemon, &link).await;
    assert_eq!(scene.asked(CREATE), 2, "five minutes are too few to find a telephone");

    // The owner agrees; WeChat's page leads back before its push arrives, and is loaded twice.
    let pushed = scene.wechat.authorise(account, &[3, 7]);
    let back = format!("{link}/done?auth_code={}&expires_in=600", scene.wechat.auth_code(account));
    for _ in 0..2 {
        let (status, page) = open(&daemon, &back).await;
        assert_eq!(status, 200, "{page}");
        assert!(page.contains("授权成功") && page.contains(account.name.as_str()), "{page}");
        assert!(!page.contains("@@@"), "{page}");
    }
    daemon.push(&pushed).await;
    assert_eq!(faults(&daemon.poll(account).await), []);
    assert_eq!(scene.asked(QUERY), 1, "whichever comes first, the code is redeemed once");
    let due = daemon.app.store().due(freshd::store::Index::Poll, scene.clock.now(), 500).unwrap();
    assert!(!due.is_empty());
    let view = progress(&daemon);
    assert_eq!((view.totals.authorised, view.totals.all), (1, before.totals.all));
    assert_eq!(row_of(&view, account).standing, Standing::Authorised);
    assert!(open(&daemon, &link).await.1.contains("已经授权"));
    assert_eq!(scene.asked(CREATE), 2, "who is authorised needs no code");

    // With the push first, and another account than the code was for.
    let link = row_of(&view, other).link.unwrap();
    daemon.push(&scene.wechat.authorise(account, &[3])).await;
    let back = format!("{link}/done?auth_code={}", scene.wechat.auth_code(account));
    let (_, page) = open(&daemon, &back).await;
    assert!(page.contains("授权的是另一个公众号") && page.contains(other.name.as_str()), "{page}");
    assert!(page.contains("没有勾选“群发与通知”"), "{page}");
    let lost = row_of(&progress(&daemon), account);
    assert_eq!(lost.standing, Standing::Lost);
    assert!(lost.reason.contains("群发与通知"), "{}", lost.reason);

    daemon.push(&scene.wechat.withdraw(account)).await;
    let lost = row_of(&progress(&daemon), account);
    assert!(lost.standing == Standing::Lost && lost.reason.contains("取消"), "{lost:?}");
    // The code of what was withdrawn brings nothing back.
    let (status, page) = open(&daemon, &back).await;
    assert_eq!((status, page.contains("已失效")), (410, true), "{page}");
    assert_eq!(row_of(&progress(&daemon), account).standing, Standing::Lost);
    daemon.stop().await;
}

#[tokio::test]
async fn a_link_that_is_not_ours_or_too_old_is_refused_in_words() {
    let scene = Scene::set().await;
    let daemon = Daemon::start(&scene.config, &scene.clock).await;
    import(&daemon, &scene).await;
    let [account, other] = two(&scene);
    let (view, asked) = (progress(&daemon), |path: &str| scene.asked(path));
    let (link, foreign) =
        (row_of(&view, account).link.unwrap(), row_of(&view, other).link.unwrap());
    let token = link.rsplit('/').next().unwrap();
    let (until, seal) = token.split_once('-').unwrap();
    for forged in [
        link.replace(seal, "AAAAAAAAAAAAAAAAAAAAAA"),
        link.replace(until, "20991231"),
        format!("{}/{token}", foreign.rsplit_once('/').unwrap().0),
        link.replace(&format!("-{seal}"), ""),
    ] {
        let (status, page) = open(&daemon, &forged).await;
        assert_eq!((status, page.contains("不是本系统生成的")), (403, true), "{forged}");
        let (status, _) = open(&daemon, &format!("{forged}/done?auth_code=x")).await;
        assert_eq!(status, 403, "{forged}");
    }
    // Good, but WeChat gives nothing: no ticket was pushed yet. What hinders is for the log.
    let (status, page) = open(&daemon, &link).await;
    assert_eq!((status, page.contains("过几分钟再扫")), (503, true), "{page}");
    assert!(!page.contains("ticket"), "{page}");
    daemon.push(&scene.wechat.ticket()).await;
    let (status, page) = open(&daemon, &format!("{link}/done?auth_code=made-up")).await;
    assert_eq!((status, page.contains("授权码已失效")), (410, true), "{page}");
    scene.clock.advance_to(scene.clock.now() + TimeDelta::days(300));
    let (status, page) = open(&daemon, &link).await;
    assert_eq!((status, page.contains("已过期")), (410, true), "{page}");
    assert_eq!(asked(CREATE), 0);
    daemon.stop().await;
}

#[tokio::test]
async fn the_office_sees_progress_codes_and_accounts_that_the_ledger_lacks() {
    let scene = Scene::set().await;
    let daemon = Daemon::start(&scene.config, &scene.clock).await;
    // Nothing is in the ledger yet, and somebody authorises.
    daemon.push(&scene.wechat.ticket()).await;
    let [account, _] = two(&scene);
    daemon.push(&scene.wechat.authorise(account, &[3, 7])).await;
    freshd::app::upkeep::Upkeep::new(daemon.app.clone()).tick(scene.clock.now()).await.unwrap();
    let found = progress(&daemon).unlisted;
    assert_eq!((found.len(), found[0].appid.as_str()), (1, app_id(account)));
    assert_eq!(found[0].name.as_ref(), Some(&account.name));
    assert!(found[0].handle.as_ref().is_some_and(|handle| handle.starts_with("gh_")));
    assert!(found[0].how.contains("在台账中加一行"), "{}", found[0].how);

    for path in ["/authorisations", "/authorisations/print"] {
        let (status, head, _) = browse(&daemon, "GET", path, "", "").await;
        assert_eq!((status, head.contains("location: /login")), (303, true), "{path}");
    }
    let api = "/api/v1/authorisations";
    assert_eq!(browse(&daemon, "GET", api, "", "").await.0, 401);
    let token = format!("Authorization: Bearer {OFFICE}\r\n");
    let (status, _, body) = browse(&daemon, "GET", api, &token, "").await;
    assert_eq!(status, 200);
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(json["unlisted"][0]["appid"], app_id(account));
    let cookie = login(&daemon).await;
    let (_, _, page) = browse(&daemon, "GET", "/authorisations", &cookie, "").await;
    assert!(page.contains("已授权,但台账里没有 1") && page.contains("gh_"), "{page}");

    // Once it is in the ledger it counts, and every other account has a code on the sheet.
    import(&daemon, &scene).await;
    let view = progress(&daemon);
    assert_eq!((view.totals.authorised, view.unlisted.len()), (1, 0));
    let (_, _, page) = browse(&daemon, "GET", "/authorisations", &cookie, "").await;
    assert!(page.contains(&format!("1 &#x2f; {}", view.totals.all)), "{page}");
    let (_, _, page) = browse(&daemon, "GET", "/authorisations/print", &cookie, "").await;
    assert_eq!(page.matches("<svg class=\"qr\"").count(), view.totals.all - 1);
    let one = format!("/authorisations/print?account={}", id_of(account));
    let (_, _, page) = browse(&daemon, "GET", &one, &cookie, "").await;
    assert_eq!(page.matches("<svg class=\"qr\"").count(), 1);

    // The command says the same.
    let asked = Request::AuthoriseList { unit: None, json: false };
    let told = execute(&daemon.app, asked, "test").await;
    assert_eq!(told.exit, 0);
    assert!(told.stdout.contains(&format!("已授权 {}", view.text)), "{}", told.stdout);
    assert!(!told.stdout.contains(APPID), "the platform's own credential is nobody's business");
    daemon.stop().await;
}
