#!/usr/bin/env bats
# contrib/failures: who reads only the beginning learns what failed and why.

failures() {
  "$abs_top_srcdir/contrib/failures" "$BATS_TEST_TMPDIR/log" > "$BATS_TEST_TMPDIR/said"
  diff -u "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/said"
}

log() { cat > "$BATS_TEST_TMPDIR/log"; }
expect() { cat > "$BATS_TEST_TMPDIR/expected"; }

@test "make check: each test that failed once, with what was said of it; what passed says nothing" {
  log <<'LOG'
FAIL: tests/unit/a/test_b 2 - test_two
PASS: tests/cli/c.bats 1 - first
ERROR: tests/unit/a/test_b - exited with status 1
FAIL: tests/cli/c.bats 2 second
====================================
   netpol 0.1.0: ./test-suite.log
====================================

# FAIL:  1
FAIL: tests/unit/a/test_b
=========================

1..2
ok 1 - test_one
PASS: tests/unit/a/test_b 1 - test_one
not ok 2 - test_two
FAIL: tests/unit/a/test_b 2 - test_two
# 0x1 != 0x2
# /tmp/work/source/tests/unit/a/test_b.c:12: error: Failure!
# not ok - tests
ERROR: tests/unit/a/test_b - exited with status 1

FAIL: tests/cli/c
=================

not ok 2 second
FAIL: tests/cli/c.bats 2 second
# (from function `want' in file /tmp/work/source/tests/cli/cli.bash, line 9,
#  in test file /tmp/work/source/tests/cli/c.bats, line 30)
#   `want 0 false' failed
make[2]: *** [Makefile:1: check] Error 1
LOG
  expect <<'END'
failed: tests/unit/a/test_b 2 - test_two; tests/cli/c.bats 2 second

tests/unit/a/test_b 2 - test_two
  0x1 != 0x2
  tests/unit/a/test_b.c:12: error: Failure!

tests/cli/c.bats 2 second
   in test file tests/cli/c.bats, line 30)
    `want 0 false' failed
END
  failures
}

@test "a program that ended early: what a sanitizer said, wherever it stands" {
  log <<'LOG'
ERROR: tests/unit/a/test_b
==========================

==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1
    #0 0x55 in free (/usr/lib/libasan.so+0x1)
    #1 0x56 in drop /tmp/work/source/src/a/b.c:3:1
1..2
ok 1 - test_one
PASS: tests/unit/a/test_b 1 - test_one
ERROR: tests/unit/a/test_b - too few tests run (expected 2, got 1)
ERROR: tests/unit/a/test_b - exited with status 1
LOG
  expect <<'END'
failed: tests/unit/a/test_b - too few tests run (expected 2, got 1)

tests/unit/a/test_b - too few tests run (expected 2, got 1)
  ==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1
      #1 0x56 in drop src/a/b.c:3:1
END
  failures
}

@test "bats alone: pages of output are cut, but for what says why" {
  {
    printf 'ok 1 first\nnot ok 2 second\n'
    seq -f '# line %g' 100
    echo '# FAILED: waited in vain'
  } | log
  expect <<'END'
failed: 2 second

2 second
  line 1
  line 2
  line 3
  line 4
  line 5
  line 6
  FAILED: waited in vain
END
  failures
}

@test "a build: its errors, the first one first" {
  log <<'LOG'
  CC       src/a/b.o
/tmp/work/source/src/a/b.c:3:9: error: ‘x’ undeclared
    3 | int y = x;
/tmp/work/source/src/a/b.c:9:1: error: expected ‘;’
make[1]: *** [Makefile:2: src/a/b.o] Error 1
LOG
  expect <<'END'
failed: src/a/b.c:3:9: error: ‘x’ undeclared
  src/a/b.c:9:1: error: expected ‘;’
END
  failures
}

@test "nothing failed: nothing is said; what was said already is said again" {
  printf 'PASS: a 1 - b\n# FAIL:  0\n' | log
  : | expect
  failures
  printf 'FAIL: a 1 - b\n== What failed\nfailed: a 1 - b\n1 passed, 1 failed, 0 skipped\n' | log
  printf 'failed: a 1 - b\n1 passed, 1 failed, 0 skipped\n' | expect
  failures
}
