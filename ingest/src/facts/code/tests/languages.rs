//! Calls, imports and module names in each language but Rust.

use domain::EdgeKind;

use super::{calls, edges, imports, modules, of};

#[test]
fn python() {
    let code = "import os\nimport numpy as np\nimport billing.rates\nfrom . import views\nfrom ..models import Ledger, total as sum_up\n\
        from billing.tax import *\n\n\
        def helper(): pass\n\n\
        class Job(Base):\n    def run(self):\n        helper()\n        self.step()\n        self.inherited_step()\n        Ledger(1)\n\
        \x20       Ledger.load_all()\n        sum_up(1)\n        np.zeros(1)\n        os.path.join(1)\n        views.index_page()\n\
        \x20       billing.rates.rate_of(1)\n        x.append(1)\n        x.post_entry()\n        len(x)\n    def step(self): pass\n";
    let path = "app/jobs/nightly.py";
    let told: Vec<String> = calls(path, code).iter().map(|call| call.replace(path, "")).collect();
    assert_eq!(
        told,
        [
            "#Job.run → #helper",
            "#Job.run → #Job.step",
            "#Job.run → #python:inherited_step",
            "#Job.run → #python:Ledger",
            "#Job.run → #python:Ledger.load_all",
            "#Job.run → #python:total",
            "#Job.run → #python:index_page",
            "#Job.run → #python:rate_of",
            "#Job.run → #python:post_entry",
        ]
    );
    assert_eq!(
        imports(path, code),
        ["billing.rates", "app.jobs.views", "app.models", "billing.tax"]
    );
    assert_eq!(
        modules("src/app/jobs/__init__.py", "x = 1"),
        ["python:app.jobs", "python:src.app.jobs"]
    );
    assert_eq!(
        modules("app/models.py", "x = 1"),
        ["python:app.models", "python:models"]
    );
}

#[test]
fn scripts() {
    let code = "import React from 'react';\nimport { parse, format as shown } from './text';\nimport * as api from '../api/index.js';\n\
        const { load } = require('./load');\nexport { x } from './re';\n\n\
        function helper() {}\n\
        export const Page = () => { helper(); parse(1); shown(2); api.fetchAll(); load(); React.useState(); fetch('x'); return <Button a={new Store()}/>; };\n\
        class Store { get() { this.renew(); this.other_step(); } renew() {} }\n";
    let path = "web/src/page.tsx";
    let told: Vec<String> = calls(path, code).iter().map(|call| call.replace(path, "")).collect();
    assert_eq!(
        told,
        [
            "#Page → #helper",
            "#Page → #script:parse",
            "#Page → #script:format",
            "#Page → #script:fetchAll",
            "#Page → #script:load",
            "#Page → #Store",
            "#Store.get → #Store.renew",
            "#Store.get → #script:other_step",
        ]
    );
    assert_eq!(
        imports(path, code),
        ["web/src/text", "web/api", "web/src/load", "web/src/re"]
    );
    assert_eq!(modules("web/src/util/index.ts", "let x = 1"), ["script:web/src/util"]);
    assert_eq!(modules("a.test.js", "let x = 1"), ["script:a.test"]);
    assert_eq!(imports("a.js", "import x from '../../../etc/passwd'"), [""; 0]);
}

#[test]
fn java() {
    let code = "package com.acme.pay;\nimport java.util.List;\nimport com.acme.money.Rates;\nimport static com.acme.money.Tax.taxOf;\n\
        import com.other.Thing;\nimport com.acme.audit.*;\n\
        public class Ledger extends Base {\n void post() { check(); inherited(); Rates.of(1); taxOf(2); List.of(); Thing.make(); Audit.note(1); \
        new Entry(1); this.check(); entry.settleAll(); entry.toString(); Math.abs(1); }\n void check() {}\n}\n";
    let path = "src/main/java/com/acme/pay/Ledger.java";
    let told: Vec<String> = calls(path, code).iter().map(|call| call.replace(path, "")).collect();
    assert_eq!(
        told,
        [
            "#Ledger.post → #Ledger.check",
            "#Ledger.post → #java:inherited",
            "#Ledger.post → #java:Rates.of",
            "#Ledger.post → #java:taxOf",
            "#Ledger.post → #java:Audit.note",
            "#Ledger.post → #java:Entry",
            "#Ledger.post → #java:settleAll",
        ]
    );
    assert_eq!(
        imports(path, code),
        ["com.acme.money.Rates", "com.acme.money.Tax", "com.acme.audit"]
    );
    assert_eq!(modules(path, code), ["java:com.acme.pay.Ledger", "java:com.acme.pay"]);
}

#[test]
fn go() {
    let code = "package pay\n\nimport (\n\t\"fmt\"\n\t\"github.com/Acme/api/pkg/money\"\n\ttax \"github.com/acme/api/v2/pkg/tax\"\n\t\"github.com/other/lib\"\n)\n\n\
        type Ledger struct{}\n\nfunc (l *Ledger) Post() {\n\tl.check()\n\tentryOf(1)\n\tmoney.Round(1)\n\ttax.Of(2)\n\tlib.Do()\n\tfmt.Println(1)\n\
        \tlen(x)\n\thelper()\n}\n\nfunc (l *Ledger) check() {}\nfunc helper() {}\n";
    let path = "pkg/pay/ledger.go";
    let told: Vec<String> = calls(path, code).iter().map(|call| call.replace(path, "")).collect();
    assert_eq!(
        told,
        [
            "#Ledger.Post → #go:check",
            "#Ledger.Post → #go:entryOf",
            "#Ledger.Post → #go:Round",
            "#Ledger.Post → #go:Of",
            "#Ledger.Post → #helper",
        ]
    );
    assert_eq!(imports(path, code), ["pkg/money", "pkg/tax"]);
    assert_eq!(modules(path, code), ["go:pkg/pay"]);
    assert_eq!(modules("main.go", "package main\nfunc main() {}"), ["go:."]);
    assert_eq!(modules("pkg/pay/ledger_test.go", "package pay\nfunc f() {}"), [""; 0]);
}

#[test]
fn c_and_cpp() {
    let code = "#include <stdio.h>\n#include \"../net/http.h\"\n\nstatic int helper(int a) { return a; }\n\
        int ledger::Book::post(int a) { helper(a); check(a); printf(\"x\"); other::Rates::of(1); std::move(a); this->settle(); b->append_row(1); return 0; }\n\
        int ledger::Book::check(int a) { return a; }\n";
    let path = "src/book.cpp";
    let told: Vec<String> = calls(path, code).iter().map(|call| call.replace(path, "")).collect();
    assert_eq!(
        told,
        [
            "#ledger::Book.post → #helper",
            "#ledger::Book.post → #ledger::Book.check",
            "#ledger::Book.post → #c:Rates.of",
            "#ledger::Book.post → #c:settle",
            "#ledger::Book.post → #c:append_row",
        ]
    );
    assert_eq!(imports(path, code), ["net/http.h"]);
    assert_eq!(
        modules("src/net/http.h", "int f(void);"),
        ["c:http.h", "c:net/http.h", "c:src/net/http.h"]
    );
    let names = |path| {
        edges(
            &of(path, "int parse(void) { return 0; }"),
            EdgeKind::Defines,
            "code.name",
        )
    };
    assert_eq!(names("a.c"), ["a.c#parse → #c:parse"]);
    assert_eq!(names("a.cpp"), ["a.cpp#parse → #c:parse"], "they are linked together");
}
