//! Does an own template stand in for the built-in one, and never cost a letter?

use minijinja::context;

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn values() -> Value {
    context! { greeting => "张三,您好:", subject => "<主题>", office => "公开办", at => "今天", notice => NOTICE }
}

#[test]
fn an_own_template_stands_in_and_holds_the_notice() {
    let dir = folder(&[
        ("letter.txt", "{{ greeting }}\n本办({{ office }})提醒。"),
        ("letter.html", "<html><body><h1>{{ subject }}</h1></body></html>"),
        ("README.md", "说明"),
    ]);
    let (own, problems) = Templates::read(Some(dir.path()));
    assert!(problems.is_empty(), "{problems:?}");
    let text = own.render("letter.txt", &values()).unwrap();
    assert_eq!(text, format!("张三,您好:\n本办(公开办)提醒。\n\n{NOTICE}。\n"));
    let html = own.render("letter.html", &values()).unwrap();
    let expected = format!("<html><body><h1>&lt;主题&gt;</h1><p>{NOTICE}。</p>\n</body></html>");
    assert_eq!(html, expected);
}

#[test]
fn all_that_is_wrong_is_said_and_the_built_in_one_goes_on() {
    let dir = folder(&[
        ("letter.txt", "{{ greeting }}\n{% for item in groups %}"),
        ("letter.html", "<p>{{ nobody_knows }}</p>"),
        ("leter.txt", "x"),
    ]);
    let (own, problems) = Templates::read(Some(dir.path()));
    let mut shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    shown.sort();
    assert_eq!(shown.len(), 3, "{shown:#?}");
    let all = shown.join("\n");
    for words in ["leter.txt", "没有这个名称", "letter.txt", "模板读不懂", "nobody_knows"]
    {
        assert!(all.contains(words), "{words}: {all}");
    }
    let built_in = Templates::default().render("letter.txt", &values()).unwrap();
    assert_eq!(own.render("letter.txt", &values()).unwrap(), built_in);
    assert!(own.render("letter.html", &values()).unwrap().contains(NOTICE));
}

#[test]
fn what_fails_or_never_ends_while_it_renders_gives_the_built_in_one() {
    for text in [
        "{{ greeting.nothing.at.all }}",
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
    ] {
        let dir = folder(&[("letter.txt", text)]);
        let (own, _) = Templates::read(Some(dir.path()));
        let letter = own.render("letter.txt", &values()).unwrap();
        assert!(letter.starts_with("张三,您好:\n") && letter.contains(NOTICE), "{letter}");
    }
    let (none, problems) = Templates::read(Some(Path::new("/nowhere/at/all")));
    assert_eq!((none, problems.len()), (Templates::default(), 1));
}
