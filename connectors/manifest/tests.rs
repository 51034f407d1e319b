//! Is every mistake in a manifest told, all of them at once, with its line and key?

use super::*;

const GOOD: &str = r#"manifest = 1
name = "city"
platform = "city"
about = "市政公告"

[target]
pattern = '(?P<id>[0-9]{1,9})(?:/(?P<kind>doc|video))?'
defaults = { kind = "doc" }
example = "42"
help = "填写编号"

[[lookup]]
name = "sid"
unless = '9.*'
url = "https://a.example.cn/{id}"
shape = "html"
regex = "SID:'([^']+)'"

[request]
method = "POST"
url = "https://a.example.cn/list/{kind}?sid={sid}"
body = { page = "{page}", list = [1, true, "{id}"] }
headers = { Referer = "https://a.example.cn/{id}" }
secret_headers = { cookie = "cookie" }
pages_max = 3

[answer]
shape = "json"
nested = ["/data"]
success = [{ at = "/code", is = [0, "0"] }]
message = "/msg"

[items]
at = "$.data.list"
own = [{ at = "/owner", is = "{id}" }]
skip = [{ at = "/ad", is = true }]
pinned = [{ at = "/top", is = 1 }]
empty = "fault"

[fields]
key = "/id"
title = [{ at = "/title" }, { at = "/summary", regex = '^(.{1,20})' }]
url = { at = "/id", template = "https://a.example.cn/p/{value}" }
published = [{ at = "/time", formats = ["unix-ms", "%Y-%m-%d %H:%M"], zone = "+08:00" }, { at = "/edited", bound = true }]

[coverage]
silence = "newest-first"
vouched_by = "manifest"
lag_h = 2
last_page = [{ at = "/data/more", is = false }]
last_page_days = 400
full_page = 20

[[faults]]
status = 412
scope = "platform"
kind = "challenged"
retry = 600
say = "风控"

[[faults]]
when = [{ at = "/msg", matches = "注销" }]
scope = "account"
kind = "gone"
say = "账号已注销"
"#;

fn problems(text: &str) -> Vec<ManifestProblem> {
    Manifest::parse(text, "city").err().unwrap_or_default()
}

/// The good manifest with one thing changed has exactly one problem: at this key and line.
fn wrong(from: &str, to: &str, key: &str, says: &str) -> Option<String> {
    let at = GOOD[..GOOD.find(from).unwrap()].matches('\n').count() + 1;
    let found = problems(&GOOD.replacen(from, to, 1));
    let [ManifestProblem { line, key: told, what, help }] = found.as_slice() else {
        return Some(format!("{to}: {found:#?}"));
    };
    let right = told == key && what.contains(says) && *line == Some(at);
    (!right || help.is_empty() || help.is_ascii()).then(|| format!("{to}: not {at} {found:#?}"))
}

#[test]
fn a_good_manifest_has_no_problem() {
    assert_eq!(problems(GOOD), []);
    let manifest = Manifest::parse(GOOD, "city").unwrap();
    assert_eq!((manifest.name(), manifest.example(), manifest.wants_word()), ("city", "42", false));
    assert_eq!(manifest.secret_names().collect::<Vec<_>>(), ["cookie"]);
    assert_eq!(manifest.faults[0].retry, Retry::After(600));
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    let mut failed = Vec::new();
    for (from, to, key, says) in [
        ("manifest = 1", "manifest = 2", "manifest", "不是范围内"),
        ("name = \"city\"", "name = \"town\"", "name", "文件名"),
        ("platform = \"city\"", "platform = \"市\"", "platform", "小写"),
        ("about = \"市政公告\"", "about = \"news\"", "about", "不是中文"),
        ("about = \"市政公告\"", "about = 1", "about", "应当是文本"),
        ("example = \"42\"", "example = \"x\"", "target.example", "pattern"),
        ("defaults = { kind", "defaults = { kinds", "target.defaults.kinds", "没有这个组"),
        ("url = \"https://a.example.cn/{id}\"", "url = \"{id}\"", "lookup[0].url", "https://"),
        ("unless = '9.*'", "unless = '9('", "lookup[0].unless", "正则"),
        ("method = \"POST\"", "method = \"PUT\"", "request.method", "PUT"),
        ("?sid={sid}", "?sid={side}", "request.url", "{side}"),
        ("\"https://a.example.cn/list", "\"ftp://a.example.cn/list", "request.url", "https://"),
        ("\"{id}\"] }", "\"{ids}\"] }", "request.body", "{ids}"),
        ("list = [1,", "list = [1.5,", "request.body", "小数"),
        ("{ Referer", "{ Cookie", "request.headers.Cookie", "不能写"),
        ("pages_max = 3", "pages_max = 99", "request.pages_max", "范围"),
        ("pages_max = 3", "bytes_max = 99000000", "request.bytes_max", "范围"),
        ("nested = [\"/data\"]", "nested = [\"data\"]", "answer.nested[0]", "JSON 路径"),
        (
            "{ at = \"/code\", is = [0, \"0\"] }",
            "{ at = \"/code\" }",
            "answer.success[0]",
            "一个比较",
        ),
        ("is = [0, \"0\"]", "is = []", "answer.success[0].is", "可比较"),
        ("is = [0, \"0\"]", "is = 0, not = 1", "answer.success[0]", "一个比较"),
        ("is = [0, \"0\"]", "is = 1.5", "answer.success[0].is", "比较"),
        ("message = \"/msg\"", "message = { css = \"p\" }", "answer.message.css", "JSON"),
        ("at = \"$.data.list\"", "at = \"$..list\"", "items.at", "看不懂"),
        ("empty = \"fault\"", "empty = \"bad\"", "items.empty", "bad"),
        ("empty = \"fault\"", "colour = 1", "items.colour", "不认识"),
        ("key = \"/id\"", "key = \"id\"", "fields.key", "JSON 路径"),
        ("\"unix-ms\", ", "\"unix\", ", "fields.published[0].formats[0]", "时间格式"),
        ("%Y-%m-%d %H:%M", "%m-%d", "fields.published[0].formats[1]", "年"),
        ("\"+08:00\"", "\"CST\"", "fields.published[0].zone", "时区"),
        ("bound = true", "bound = 1", "fields.published[1].bound", "true"),
        ("silence = \"newest-first\"", "silence = \"all\"", "coverage.silence", "all"),
        ("lag_h = 2", "lag_h = 9999", "coverage.lag_h", "范围"),
        ("status = 412", "status = 99", "faults[0].status", "HTTP 状态"),
        ("retry = 600", "retry = \"soon\"", "faults[0].retry", "看不懂"),
        ("say = \"风控\"", "say = \"\"", "faults[0].say", "不能为空"),
        ("kind = \"gone\"", "kind = \"dead\"", "faults[1].kind", "dead"),
    ] {
        failed.extend(wrong(from, to, key, says));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn what_is_missing_or_contradicts_is_told() {
    for (from, to, key, says) in [
        ("manifest = 1\n", "", "manifest", "版本"),
        (
            "pattern = '(?P<id>[0-9]{1,9})(?:/(?P<kind>doc|video))?'\n",
            "",
            "target.pattern",
            "没有写",
        ),
        ("vouched_by = \"manifest\"\n", "", "coverage.vouched_by", "担保"),
        ("last_page_days = 400\n", "", "coverage.last_page", "一起"),
        ("key = \"/id\"\nt", "t", "", ""),
    ] {
        let found = problems(&GOOD.replacen(from, to, 1));
        let hit = found.iter().any(|found| found.key == key && found.what.contains(says));
        assert!(hit || key.is_empty(), "{from}: {found:#?}");
    }
    let targetless = GOOD.replacen("help = \"填写编号\"", "help = \"填写编号\"\nx = 1", 1);
    assert_eq!(
        problems(&targetless.replace("(?P<id>", "(?P<id")).len(),
        2,
        "no problem brings others"
    );
    let no_word = GOOD.replace("silence = \"newest-first\"", "silence = \"none\"");
    assert_eq!(problems(&no_word)[0].key, "coverage.vouched_by");
    let tombstone = GOOD.replace("{ at = \"/msg\", matches", "{ regex = '.+', matches");
    assert_eq!(problems(&tombstone)[0].key, "faults[1].when", "a word anywhere is no tombstone");
    let bare = GOOD.replace("when = [{ at = \"/msg\", matches = \"注销\" }]", "status = 404");
    assert_eq!(problems(&bare)[0].key, "faults[1].when", "404 is no tombstone");
    let scope = GOOD.replace("scope = \"account\"", "scope = \"platform\"");
    assert_eq!(problems(&scope)[0].key, "faults[1].scope");
    let paged = GOOD.replace("page = \"{page}\", ", "");
    assert_eq!(problems(&paged)[0].key, "request.pages_max");
    let plain = GOOD.replace("\"https://a.example.cn/list", "\"http://a.example.cn/list");
    assert!(problems(&plain)[0].key.starts_with("request.secret_headers"));
    let page = GOOD
        .replace("shape = \"json\"\nnested = [\"/data\"]", "shape = \"html\"")
        .replace("at = \"$.data.list\"", "css = \"li:has(a)\"");
    let costly = problems(&page);
    assert!(costly.iter().any(|found| found.key == "items.css[0]" || found.key == "items.css"));
    for selector in ["li ~ a", "li:nth-child(2)", "span:last-of-type", "a:not(.b)"] {
        assert!(value::css(selector).is_err(), "{selector}");
    }
    assert!(value::css("td:last-child > a[href~=b] + i").is_ok());
    let get = GOOD.replace("method = \"POST\"\n", "");
    assert_eq!(problems(&get)[0].key, "request.body");
}

/// Whatever is written, it is a manifest or it has problems.
#[test]
fn mangled_manifests_are_refused_and_nothing_else() {
    let mut state = 0x2545_f491_u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let chars: Vec<char> = GOOD.chars().collect();
    let marks = ['"', '\'', '[', ']', '{', '}', '=', '\n', '$', '(', '%', '9', '号', '\u{0}'];
    let mut refused = 0;
    for _ in 0..1500 {
        let mut text = chars.clone();
        for _ in 0..=next(4) {
            let at = next(text.len());
            match next(3) {
                0 => text[at] = marks[next(marks.len())],
                1 => drop(text.drain(at..(at + 1 + next(40)).min(text.len()))),
                _ => text.insert(at, marks[next(marks.len())]),
            }
        }
        let text: String = text.into_iter().collect();
        match Manifest::parse(&text, "city") {
            Ok(manifest) => assert_eq!(manifest.name(), "city"),
            Err(problems) => {
                assert!(!problems.is_empty(), "refused without a word: {text}");
                refused += 1;
            }
        }
    }
    assert!(refused > 700, "{refused}");
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let text = GOOD
        .replace("platform = \"city\"", "platform = 1")
        .replace("nested = [\"/data\"]", "nested = 1")
        .replace("key = \"/id\"", "kee = \"/id\"")
        .replace("kind = \"gone\"", "kind = \"dead\"");
    let found = problems(&text);
    let keys: Vec<&str> = found.iter().map(|found| found.key.as_str()).collect();
    assert_eq!(keys, ["platform", "answer.nested", "fields.kee", "faults[1].kind"]);
    let lines: Vec<_> = found.iter().map(|found| found.line).collect();
    assert!(lines.is_sorted() && lines.iter().all(Option::is_some));
    let empty = problems("");
    for key in ["manifest", "name", "platform", "about", "target", "request", "answer", "items"] {
        assert!(empty.iter().any(|found| found.key == key), "{key}: {empty:#?}");
    }
    let broken = problems("manifest = \n[target\nname = 'x'");
    assert!(broken.iter().any(|found| found.what.contains("TOML")), "{broken:#?}");
    assert_eq!(problems(&"#".repeat(MANIFEST_BYTES_MAX + 1)).len(), 1);
    assert!(!problems(&format!("x = {}", "[".repeat(100_000))).is_empty());
}

#[test]
fn a_form_is_refused_where_it_cannot_be_sent() {
    let body = r#"body = { page = "{page}", list = [1, true, "{id}"] }"#;
    let line = GOOD.lines().position(|line| line == body).unwrap() + 1;
    let form = GOOD.replace(body, r#"form = { page = "{page}", n = 1, who = "{id}" }"#);
    assert!(Manifest::parse(&form, "city").is_ok(), "{:#?}", Manifest::parse(&form, "city"));
    for (written, key, what) in [
        (r#"form = { list = [1], page = "{page}" }"#, "request.form.list", "表单的值"),
        (r#"form = { who = "{nobody}", page = "{page}" }"#, "request.form.who", "nobody"),
        ("form = {}\npages_max = 1", "request.form", "空的"),
        (r#"form = "page={page}""#, "request.form", "应当是一个表"),
    ] {
        let text = GOOD.replace(body, written).replace("pages_max = 3\n", "");
        let found = problems(&text);
        let hit = found.iter().find(|problem| problem.key == key);
        let hit = hit.unwrap_or_else(|| panic!("{written}: {found:#?}"));
        assert!(hit.what.contains(what), "{hit:?}");
        assert_eq!(hit.line, Some(line), "{hit:?}");
    }
    let both = GOOD.replace(body, &format!("{body}\nform = {{ a = \"b\" }}"));
    assert_eq!(problems(&both)[0].key, "request.form");
    let get = form.replace("method = \"POST\"", "method = \"GET\"");
    assert_eq!(problems(&get)[0].key, "request.form");
    let typed = form.replace("headers = { Referer", "headers = { Content-Type = \"a/b\", Referer");
    assert_eq!(problems(&typed)[0].key, "request.headers.Content-Type");
}
