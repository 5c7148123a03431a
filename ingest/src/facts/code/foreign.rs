//! What is known not to be of the repository: standard libraries, widely used packages, and names that half of all code has.
//!
//! The lists are short on purpose. What they miss becomes a name without a definition; what they hold by mistake is told by no
//! edge. A package whose name is the repository's own is never foreign.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::syntax::Family;

type Words = LazyLock<HashSet<&'static str>>;

/// Crates of Rust's own, and those that most crates use.
static RUST: Words = LazyLock::new(|| {
    "u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 bool char str std core alloc proc_macro test anyhow async_trait axum base64 bincode bitflags bytes chrono clap criterion crossbeam \
    dashmap env_logger eyre flate2 futures futures_core futures_util getrandom glob hashbrown hex http http_body hyper \
    hyper_util indexmap insta itertools jiff lazy_static libc log loom memchr mio nix num num_cpus num_traits once_cell \
    parking_lot petgraph pin_project pin_project_lite proc_macro2 proptest prost quickcheck quote rand rand_core rayon \
    regex reqwest ring rstest rusqlite rustls semver serde serde_json serde_yaml sha2 slab smallvec socket2 sqlx syn tar \
    tempfile thiserror time tokio tokio_stream tokio_test tokio_util toml tonic tower tower_http tower_service tracing \
    tracing_core tracing_subscriber tree_sitter trybuild unicode_normalization url uuid walkdir wasm_bindgen winapi \
    windows_sys zerocopy zip"
    .split(' ').collect()
});

/// Modules of Python's standard library, and packages that most projects use.
static PYTHON: Words = LazyLock::new(|| {
    "__future__ abc argparse array ast asyncio atexit base64 bisect builtins bz2 calendar cmath codecs collections \
    concurrent configparser contextlib contextvars copy csv ctypes curses dataclasses datetime decimal difflib dis email \
    enum errno faulthandler fcntl filecmp fnmatch fractions ftplib functools gc getopt getpass gettext glob graphlib gzip \
    hashlib heapq hmac html http imaplib importlib inspect io ipaddress itertools json keyword linecache locale logging \
    lzma mailbox math mimetypes mmap multiprocessing numbers operator os pathlib pdb pickle pkgutil platform plistlib \
    posixpath pprint profile pty pwd queue random re readline resource runpy sched secrets select selectors shelve shlex \
    shutil signal site smtplib socket socketserver sqlite3 ssl stat statistics string struct subprocess sys sysconfig \
    syslog tarfile tempfile termios textwrap threading time timeit tkinter token tokenize tomllib trace traceback \
    tracemalloc tty types typing unicodedata unittest urllib uuid venv warnings wave weakref webbrowser winreg wsgiref xml \
    xmlrpc zipfile zlib zoneinfo aiohttp attr attrs boto3 botocore bs4 celery click django fastapi flask google httpx \
    jinja2 jwt kubernetes matplotlib mock networkx numpy pandas PIL pkg_resources psycopg2 pydantic pytest redis requests \
    rest_framework rich scipy setuptools six sklearn sqlalchemy starlette tensorflow torch tqdm transformers \
    typing_extensions werkzeug yaml"
    .split(' ').collect()
});

/// Roots of Java's own packages.
static JAVA: Words = LazyLock::new(|| {
    "java javax jdk sun jakarta kotlin scala android androidx"
        .split(' ')
        .collect()
});

/// Methods that values of half of all types have: a call of one says nothing about whose it is.
static COMMON: Words = LazyLock::new(|| {
    "as_array as_deref as_ptr cast checked_add checked_sub chunks debug_struct dedup display eq_ignore_ascii_case \
    execute fetch_all field find_map into_owned is_ascii_digit map_or map_or_else max_by_key min_by_key repeat \
    saturating_sub sort_unstable split_once splitn to_lowercase to_uppercase truncate unwrap_err windows \
    abs accept add all and_then any append apply as_bytes as_mut as_ref as_slice as_str await begin bind bool borrow \
    borrow_mut build bytes call catch chain chars charAt clear clone cloned close cmp collect compareTo concat contains \
    containsKey contains_key copied copy count create default delete deref done drain drop each empty encode decode end \
    endsWith ends_with endswith entries entry enumerate eq equals err error exec exists expect expect_err extend fetch \
    filter filter_map find finish first flat_map flatten flush fmt fold forEach for_each format from from_str full get \
    getAll getClass getName getOrDefault getValue get_mut get_or_insert_with hasNext has hash hashCode hex id includes \
    index indexOf info init insert inspect into into_iter isEmpty isPresent is_empty is_err is_none is_ok is_some \
    is_some_and is_none_or items iter iter_mut join key keys kind last len length lines list load lock log lower map \
    map_err match max merge message min name ne new next now nth ok ok_or ok_or_else on open or_default or_else or_insert \
    or_insert_with parse partial_cmp path peek poll pop position print printf println process push pushBack push_back \
    push_str put query read recv reduce release remove replace reset resolve retain rev reverse run save send set setUp \
    shift size skip slice sort sort_by sort_by_key splice split splitlines stop start startsWith starts_with startswith \
    store stream strip strip_prefix strip_suffix sub substring sum swap take test text then then_some toArray toList \
    toLowerCase toString toUpperCase to_owned to_string to_vec trim try_from try_into type unlock unshift unwrap unwrap_or \
    unwrap_or_default unwrap_or_else update upper url value valueOf values wait warn with wrap write zip"
    .split(' ').collect()
});

/// Functions that a language brings without any import.
static BUILTIN: Words = LazyLock::new(|| {
    "assert_eq assert_ne debug_assert format vec matches unreachable todo dbg Some None Ok Err Vec Box Option Result Default drop isinstance issubclass range str dict set tuple list sorted \
    enumerate zip type getattr setattr hasattr property staticmethod classmethod ValueError KeyError TypeError bytes \
    frozenset repr round sum input iter map filter all abs append cap clear close complex copy delete imag len make max min new panic print println real recover string bool byte \
    rune error int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr float32 float64 any super this String \
    Object Integer Long Double Float Boolean Math System Thread Exception RuntimeException IllegalArgumentException \
    IllegalStateException StringBuilder Character UnsupportedOperationException NullPointerException AssertionError Byte \
    Short Class Runnable ArrayList HashMap HashSet LinkedHashMap LinkedList TreeMap Throwable Error Enum Arrays \
    assertEquals assertTrue assertFalse assertNull assertNotNull assertThrows assertThat assertSame verify when mock eq \
    fail abort assert atoi calloc exit fclose fflush fgets fopen fprintf fputs fread free fseek fwrite getenv malloc \
    memchr memcmp memcpy memmove memset open perror printf putchar puts qsort read realloc snprintf sprintf sscanf \
    strcasecmp strcat strchr strcmp strcpy strdup strerror strlen strncasecmp strncat strncmp strncpy strrchr strstr \
    strtol strtoul va_arg va_copy va_end va_start vfprintf vsnprintf write sizeof offsetof defined move forward \
    static_cast dynamic_cast reinterpret_cast make_unique make_shared swap ASSERT_EQ ASSERT_TRUE ASSERT_FALSE EXPECT_EQ \
    EXPECT_TRUE EXPECT_FALSE TEST TEST_F Array BigInt Date Map Number Promise Proxy RegExp Set Symbol WeakMap URL \
    clearTimeout fetch isNaN parseFloat parseInt require setTimeout setInterval describe it expect"
    .split(' ').collect()
});

/// Whether a name's root is somebody else's.
pub(super) fn is_foreign_root(family: Family, root: &str, repository: &str) -> bool {
    let known = match family {
        Family::Rust => RUST.contains(root),
        Family::Python => PYTHON.contains(root),
        Family::Java => JAVA.contains(root),
        Family::Script | Family::Go | Family::C => false,
    };
    let own = |part: &str| part.replace('-', "_").eq_ignore_ascii_case(root);
    known && !repository.rsplit('/').next().is_some_and(own)
}

/// Whether a method's name tells nothing about its type.
pub(super) fn is_common_method(name: &str) -> bool {
    name.len() < 3 || COMMON.contains(name)
}

/// Whether a language brings this name itself.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTIN.contains(name)
}
