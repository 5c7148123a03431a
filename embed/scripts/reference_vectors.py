"""Write the reference vectors that the encoder is tested against.

    python -m venv venv && venv/bin/pip install sentence-transformers==6.2.0
    venv/bin/python embed/scripts/reference_vectors.py MODEL_DIR

MODEL_DIR holds all-MiniLM-L6-v2 as the model cache installs it. Writes texts.json (the texts) and vectors.f16 (384 little-endian
half floats per text, in order) to embed/tests/fixtures. Half precision keeps a cosine to about 1e-7.
"""

import json
import random
import sys
from pathlib import Path

import numpy
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

WORDS = """server error request failed login database query timeout release branch merge review commit pipeline deploy rollback
cache index vector graph token permission channel thread message sprint ticket customer invoice payment latency throughput memory
leak panic stack trace upgrade migration schema column table replica leader election backup restore secret rotation webhook
retry backoff queue worker shard embedding model search ranking filter page space label owner team person project""".split()

SNIPPETS = {
    "rust": "fn main() -> Result<(), Box<dyn Error>> {\n    let x: Vec<u32> = (0..10).filter(|n| n % 2 == 0).collect();\n    println!(\"{x:?}\");\n    Ok(())\n}",
    "python": "def merge(a: dict[str, int], b):\n    \"\"\"Add counts.\"\"\"\n    return {k: a.get(k, 0) + b.get(k, 0) for k in a | b}  # noqa",
    "go": "func (s *Server) Handle(w http.ResponseWriter, r *http.Request) {\n\tif err := s.db.Ping(); err != nil {\n\t\thttp.Error(w, err.Error(), 500)\n\t}\n}",
    "typescript": "export const useUser = <T extends {id: string}>(id: T['id']) => useQuery<T>(['user', id], () => api.get(`/users/${id}`));",
    "java": "public static Optional<String> find(Map<String, List<String>> m) { return m.values().stream().flatMap(List::stream).findFirst(); }",
    "c": "#define MAX(a, b) ((a) > (b) ? (a) : (b))\nint main(int argc, char **argv) { return MAX(argc, 2) - 2; }",
    "cpp": "template <typename T> auto add(T&& a, T&& b) noexcept -> decltype(a + b) { return std::forward<T>(a) + std::forward<T>(b); }",
    "sql": "SELECT u.id, count(*) FILTER (WHERE o.paid) FROM users u LEFT JOIN orders o USING (user_id) GROUP BY 1 HAVING count(*) > 3;",
    "shell": "set -euo pipefail; for f in *.log; do grep -c 'ERROR' \"$f\" | xargs -I{} echo \"$f: {}\"; done > /tmp/out 2>&1",
    "yaml": "apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers: [{name: api, image: 'api:1.2'}]",
    "json": "{\"id\": 17, \"tags\": [\"a\", \"b\"], \"nested\": {\"x\": null, \"y\": 1.5e-3}}",
    "diff": "--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1,3 +1,3 @@\n-use std::io;\n+use std::fs;\n",
    "regex": r"^(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]+)@(?:[a-z0-9-]+\.)+[a-z]{2,}$",
    "html": "<div class=\"card\"><a href=\"https://example.org/?q=a&amp;b\">link</a><!-- note --></div>",
    "log": "2026-01-31T13:45:00.123Z ERROR [api-7f9c] request_id=0b1c-22 POST /v1/login 500 1203ms panicked at src/auth.rs:41:9",
    "base64": "SGVsbG8sIFdvcmxkISBUaGlzIGlzIGEgbG9uZyBiYXNlNjQgYmxvYiB3aXRob3V0IGFueSBzcGFjZXMgaW4gaXQgYXQgYWxsLg==",
}

LANGUAGES = [
    "Le serveur a échoué après la mise à jour de la base de données.", "Der Prüfbericht enthält größere Änderungen als üblich.",
    "La canción empezó mañana a las ocho; ¿qué pasó después?", "O código não compilou por causa de uma dependência.",
    "Il motore di ricerca non trova più niente.", "Wszystkie żółte łódki są źle zaparkowane.", "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "Сервер не отвечает на запросы после обновления.", "Сьогодні ми випускаємо нову версію.", "Ο διακομιστής δεν αποκρίνεται.",
    "サーバーが更新後に応答しません。", "データベースの移行に失敗しました", "服务器更新后没有响应。", "資料庫遷移失敗，請重試", "서버가 업데이트 후 응답하지 않습니다.",
    "הטקסט הזה נכתב מימין לשמאל", "هذا النص مكتوب من اليمين إلى اليسار", "متن فارسی با نیم‌فاصله می‌آید", "यह एक हिंदी वाक्य है।", "นี่คือประโยคภาษาไทย",
    "Đây là một câu tiếng Việt có dấu.", "İstanbul'da ışıklar söndü.", "Straße, STRASSE, straẞe", "ﬁne ﬂow ligatures and ½ ¾ fractions",
]

ODD = [
    "", " ", "\n\n\t \r\n", "a", "7", ".", "?", "[CLS]", "[SEP]", "[MASK] and [PAD] and [UNK]", "the", "THE", "tHe", "a b", "a  b", "a\tb", "a\nb",
    "\u0000", "a\u0000b", "\u0007bell\u001bescape", "zero\u200bwidth\u200djoiner\ufeff", "soft\u00adhyphen", "non\u00a0breaking\u2003em space",
    "\u0085next line\u2028separator", "replacement \ufffd character", "private \ue000 use", "e\u0301 combining é", "a\u0300\u0301\u0302\u0303 stacked", "\u0301leading mark",
    "👍", "👩‍👩‍👧‍👦 family", "🇩🇪🇫🇷 flags", "👍🏽 skin tone", "text with 😀 in 🎉 the middle 🚀", "❤️ vs ❤", "①②③ ㊗ ™ ® © ℃", "𝕳𝖊𝖑𝖑𝖔 𝓌𝑜𝓇𝓁𝒹", "𠀀𠀁 rare 㐀 han",
    "\u202eright to left override\u202c", "mixed עברית and English and 中文 and русский", "...!!!???", "----====----", "$1,234.56 €99 £5 ¥100", "50% off & more", "C++ C# F# .NET",
    "user@example.org https://example.org/a/b?c=d#e", "/usr/local/lib/python3.11/site-packages", "PAY-12 closes #41, see acme/api@0b1c22", "snake_case camelCase PascalCase kebab-case SCREAMING_CASE",
    "don't can't it's we're o'clock", "“curly” ‘quotes’ — dash – en … ellipsis", "1234567890123456789012345678901234567890", "3.14159 1e-10 0xDEADBEEF 1_000_000",
    "x" * 99, "x" * 100, "x" * 101, "x" * 5000, "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis", "ab" * 60 + " short", "日" * 300, "!" * 300, "a " * 300,
    " " * 5000 + "after much white space", "start" + "\n" * 5000 + "end", "word " * 253, "word " * 254, "word " * 255, "word " * 256,
]


def generated(count: int) -> list[str]:
    rng = random.Random(20261121)
    texts = []
    for index in range(count):
        words = [rng.choice(WORDS) for _ in range(rng.choice([2, 3, 5, 8, 13, 21, 34, 55, 89, 144]))]
        if index % 3 == 0:
            words = [w.capitalize() if rng.random() < 0.2 else w for w in words]
        if index % 4 == 0:
            words = [w + rng.choice([".", ",", ";", ":", "?", " -", ")", ""]) for w in words]
        texts.append(" ".join(words))
    return texts


def texts() -> list[str]:
    rng = random.Random(7)
    long = " ".join(rng.choice(WORDS) for _ in range(10_000))
    mixed = [f"{a}\n{b}" for a, b in zip(LANGUAGES, SNIPPETS.values())]
    return ODD + LANGUAGES + list(SNIPPETS.values()) + mixed + generated(100) + [long]


def main() -> None:
    transformer = Transformer(sys.argv[1], max_seq_length=256)
    pooling = Pooling(384, pooling_mode="mean")
    model = SentenceTransformer(modules=[transformer, pooling, Normalize()], device="cpu")
    chosen = texts()
    # One by one: no padding takes part.
    vectors = numpy.stack([model.encode([text], batch_size=1)[0] for text in chosen]).astype("<f2")
    folder = Path(__file__).parent.parent / "tests" / "fixtures"
    (folder / "texts.json").write_text(json.dumps(chosen, ensure_ascii=True, indent=0) + "\n")
    (folder / "vectors.f16").write_bytes(vectors.tobytes())
    print(len(chosen), "texts", vectors.shape)


main()
