//! stub
use super::view::StatusView;
/// x
pub struct Table(String);
impl Table {
    /// x
    pub fn new(_: &[&str]) -> Self {
        Self(String::new())
    }
    /// x
    pub fn row(&mut self, c: &[&str]) {
        self.0.push_str(&c.join("  "));
        self.0.push('\n');
    }
    /// x
    pub fn text(&self) -> String {
        self.0.clone()
    }
}
/// x
pub fn status_table(v: &StatusView, _: bool) -> String {
    let mut s = String::new();
    for a in &v.accounts {
        s.push_str(&format!(
            "{} {} {:?} {:?} {}\n",
            a.id, a.name, a.verdict, a.days_left, a.rulings[0].reason
        ));
    }
    s.push_str(&format!("{:?}\n", v.totals));
    s
}
