//! Is a page called dead only when its top says nothing else?

use super::*;

fn page(title: &str, h1: &str, body: &str) -> Top {
    top_of(&format!("<title>{title}</title><h1>{h1}</h1><p>{body}</p><script>页面不存在</script>"))
        .unwrap()
}

#[test]
fn sentences_about_the_page_itself_are_dead() {
    for title in [
        "页面不存在",
        "栏目不存在",
        "页面未找到",
        "404 Not Found",
        "404",
        "404错误",
        "Not Found",
        "Page not found",
        "您访问的页面不存在",
        "对不起,您访问的页面不存在!",
        "抱歉,您要查看的页面不存在或已被删除",
        "该页面已删除",
        "您访问的页面找不到了",
        "网站已关闭",
        "该网站已关停",
        "404 - 找不到文件或目录。",
        "无法找到资源。",
        "页面不存在 - 茂名市人民政府",
        "茂名市人民政府门户网站 | 页面未找到",
        "错误:页面不存在",
        "此链接已失效",
        "该域名正在出售",
        "This domain is for sale",
        "域名已过期",
        "404 页面不存在",
        "很抱歉,您访问的页面不存在",
        "The page cannot be found",
        "文章不存在",
        "该内容已被删除",
        "该栏目已停用",
        "没有找到您要访问的页面",
    ] {
        assert!(page(title, "", "x").soft_dead().is_some(), "{title}");
    }
    assert_eq!(
        page("茂名市人民政府", "您访问的页面不存在", "返回首页").soft_dead(),
        Some("您访问的页面不存在")
    );
}

#[test]
fn everything_else_is_alive() {
    for title in [
        "",
        "茂名市人民政府",
        "关于页面不存在问题的说明",
        "标致404 - 车型",
        "404 - 产品目录",
        "某局:如何处理“页面不存在”",
        "关于删除部分栏目的通知",
        "该企业已注销",
        "网站维护中",
        "登录已过期",
        "文件下载",
        "不存在的骑士",
        "已关闭",
        "已删除",
        "公告:市民服务中心已关闭",
        "内容不更新的整改",
        "办事指南",
        "关于关闭网站的公告",
    ] {
        assert_eq!(page(title, "", "x").soft_dead(), None, "{title}");
    }
    let long = "正文".repeat(2000);
    assert_eq!(page("新闻", "页面不存在", &long).soft_dead(), None, "a heading on a long page");
}

#[test]
fn challenges_are_recognised() {
    for title in [
        "安全验证",
        "请完成安全验证",
        "Just a moment...",
        "访问验证 - 某市",
        "人机验证",
        "Access Denied",
        "滑块验证",
    ] {
        assert!(page(title, "", "x").challenge().is_some(), "{title}");
    }
    for title in ["身份验证办事指南", "安全生产", "某市政务服务网"] {
        assert!(page(title, "", "x").challenge().is_none(), "{title}");
    }
}

#[test]
fn only_web_pages_are_read_and_gbk_ones_too() {
    let response = |kind: &str, body: &[u8]| Response {
        status: 200,
        url: "http://a.cn/".parse().unwrap(),
        headers: vec![("content-type".into(), kind.into())],
        body: body.to_vec().into(),
        truncated: false,
    };
    assert!(top(&response("application/json", b"<title>404</title>")).is_none());
    let gbk = encoding_rs::GBK.encode("<title>页面不存在</title>").0.into_owned();
    assert_eq!(top(&response("text/html", &gbk)).unwrap().soft_dead(), Some("页面不存在"));
    assert!(top(&response("text/html", "<div>".repeat(9000).as_bytes())).is_none());
}
