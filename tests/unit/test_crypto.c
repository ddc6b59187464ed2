/* Cryptography: the key file's door, sealed fields bound to their place, known answers of hashes and signatures, passwords, tokens. */
#include "common/crypto.h"
#include "common/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/paidan-crypto-XXXXXX";
static char path[64];
static char message[CRYPTO_MESSAGE_BYTES];

static int begin(void **state) {
    snprintf(path, sizeof path, "%s/key", mkdtemp(folder));
    return crypto_open() ? -1 : 0;
}

static int end(void **state) {
    unlink(path);
    return rmdir(folder);
}

static struct crypto_keys *load(const char *text) {
    struct crypto_keys *keys = NULL;
    if (text) assert_int_equal(file_write(path, text, strlen(text), 0600), ERR_NONE);
    assert_int_equal(crypto_keys_load(path, &keys, message), ERR_NONE);
    return keys;
}

#define KEY_A "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define KEY_B "2 ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\n"

static void refuse(const char *text, mode_t mode, enum err expected, const char *said) {
    struct crypto_keys *keys = NULL;
    assert_int_equal(file_write(path, text, strlen(text), (int)mode), ERR_NONE);
    assert_int_equal(crypto_keys_load(path, &keys, message), expected);
    assert_null(keys);
    assert_non_null(strstr(message, said));
}

static void the_key_file_is_checked(void **state) {
    refuse(KEY_A, 0644, ERR_REFUSED, "chmod 600");
    refuse(KEY_A, 0640, ERR_REFUSED, "chmod 600");
    refuse("", 0600, ERR_INVALID, "no key");
    refuse("# only this\n", 0600, ERR_INVALID, "no key");
    refuse("1 0011\n", 0600, ERR_INVALID, "key 1");
    refuse("0 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 0600, ERR_INVALID, "key 1");
    refuse(KEY_A KEY_A, 0600, ERR_INVALID, "key 2");
    refuse("1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fff\n", 0600, ERR_INVALID, "key 1");
    unlink(path);
    struct crypto_keys *keys = NULL;
    assert_int_equal(crypto_keys_load(path, &keys, message), ERR_NOT_FOUND);
}

static void a_key_file_is_made_but_never_overwritten(void **state) {
    struct stat stat_;
    unlink(path);
    assert_int_equal(crypto_keys_create(path), ERR_NONE);
    assert_int_equal(stat(path, &stat_), 0);
    assert_int_equal(stat_.st_mode & 0777, 0600);
    assert_int_equal(crypto_keys_create(path), ERR_EXISTS);
    struct crypto_keys *keys = load(NULL);
    crypto_keys_free(&keys);
    assert_null(keys);
}

static const struct crypto_place here = {"request", "phone", 20261121000000123};

static void a_sealed_field_opens_only_in_its_place(void **state) {
    struct crypto_keys *keys = load(KEY_A);
    uint8_t sealed[11 + CRYPTO_SEAL_BYTES], again[11 + CRYPTO_SEAL_BYTES];
    char plain[sizeof sealed];
    size_t len = 0;
    crypto_seal(keys, &here, "13812341234", 11, sealed);
    crypto_seal(keys, &here, "13812341234", 11, again);
    assert_memory_not_equal(sealed, again, sizeof sealed); /* a nonce each */
    assert_int_equal(crypto_unseal(keys, &here, sealed, sizeof sealed, plain, &len), ERR_NONE);
    assert_int_equal(len, 11);
    assert_string_equal(plain, "13812341234");

    const struct crypto_place elsewhere[] = {{"request", "phone", 20261121000000124},
                                             {"request", "name", here.row},
                                             {"ticket", "phone", here.row},
                                             {"requestp", "hone", here.row}};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(crypto_unseal(keys, &elsewhere[i], sealed, sizeof sealed, plain, &len), ERR_INVALID);
    for (size_t bit = 0; bit < sizeof sealed * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(crypto_unseal(keys, &here, sealed, sizeof sealed, plain, &len), ERR_NONE);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < sizeof sealed; cut++)
        assert_int_not_equal(crypto_unseal(keys, &here, sealed, cut, plain, &len), ERR_NONE);
    uint8_t empty[CRYPTO_SEAL_BYTES];
    crypto_seal(keys, &here, "", 0, empty);
    assert_int_equal(crypto_unseal(keys, &here, empty, sizeof empty, plain, &len), ERR_NONE);
    assert_int_equal(len, 0);
    crypto_keys_free(&keys);
}

static void adding_a_key_keeps_old_fields_and_the_index(void **state) {
    uint8_t sealed[3 + CRYPTO_SEAL_BYTES], newer[3 + CRYPTO_SEAL_BYTES], index[2][CRYPTO_INDEX_BYTES];
    char plain[sizeof sealed];
    size_t len;
    struct crypto_keys *keys = load(KEY_A);
    crypto_seal(keys, &here, "abc", 3, sealed);
    crypto_blind_index(keys, "phone", "13812341234", 11, index[0]);
    crypto_keys_free(&keys);
    keys = load("# rotated\n" KEY_A "\n" KEY_B);
    assert_int_equal(crypto_unseal(keys, &here, sealed, sizeof sealed, plain, &len), ERR_NONE);
    crypto_seal(keys, &here, "abc", 3, newer);
    assert_int_equal(newer[1], 2);
    crypto_blind_index(keys, "phone", "13812341234", 11, index[1]);
    assert_memory_equal(index[0], index[1], CRYPTO_INDEX_BYTES);
    crypto_blind_index(keys, "name", "13812341234", 11, index[1]);
    assert_memory_not_equal(index[0], index[1], CRYPTO_INDEX_BYTES);
    crypto_keys_free(&keys);
    keys = load(KEY_A);
    assert_int_equal(crypto_unseal(keys, &here, newer, sizeof newer, plain, &len), ERR_NOT_FOUND);
    uint8_t session[32], csrf[32];
    crypto_derive(keys, "session", session);
    crypto_derive(keys, "csrf", csrf);
    assert_memory_not_equal(session, csrf, 32);
    crypto_keys_free(&keys);
}

static void check_hex(const uint8_t *bytes, size_t len, const char *expected) {
    char hex[200];
    crypto_to_hex(bytes, len, hex);
    assert_string_equal(hex, expected);
}

/* The digests are what `b2sum -l 256` prints; the signature is RFC 4231's second case. */
static void hashes_have_their_known_answers(void **state) {
    uint8_t hash[32], zero[32] = {0}, joined[35] = {0};
    crypto_digest("abc", 3, hash);
    check_hex(hash, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    const struct crypto_part parts[] = {{zero, sizeof zero}, {"abc", 3}};
    crypto_digest_parts(parts, 2, hash);
    uint8_t expected[32];
    memcpy(joined + 32, "abc", 3);
    crypto_digest(joined, sizeof joined, expected);
    assert_memory_equal(hash, expected, 32);
    crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, hash);
    check_hex(hash, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* The example of the Standard Webhooks specification. */
static void webhooks_are_signed_as_the_standard_says(void **state) {
    char signature[CRYPTO_WEBHOOK_SIGNATURE_BYTES], secret[CRYPTO_WEBHOOK_SECRET_BYTES];
    const char *body = "{\"test\": 2432232314}";
    assert_int_equal(crypto_webhook_sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                                         1614265330, body, strlen(body), signature),
                     ERR_NONE);
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_int_equal(crypto_webhook_sign("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "x", 1, "", 0, signature), ERR_INVALID);
    assert_int_equal(crypto_webhook_sign("whsec_c2hvcnQ=", "x", 1, "", 0, signature), ERR_INVALID);
    assert_int_equal(crypto_webhook_sign("whsec_!!", "x", 1, "", 0, signature), ERR_INVALID);
    crypto_webhook_secret(secret);
    assert_int_equal(crypto_webhook_sign(secret, "x", 1, "", 0, signature), ERR_NONE);
}

static void passwords_are_hashed_slowly_and_verified(void **state) {
    char hash[CRYPTO_PASSWORD_HASH_BYTES], long_one[300];
    memset(long_one, 'x', sizeof long_one);
    assert_int_equal(crypto_password_hash("correct horse", 13, hash), ERR_NONE);
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31), 0);
    assert_int_equal(crypto_password_verify(hash, "correct horse", 13), ERR_NONE);
    assert_int_equal(crypto_password_verify(hash, "correct house", 13), ERR_REFUSED);
    assert_int_equal(crypto_password_verify(NULL, "correct horse", 13), ERR_REFUSED);
    assert_int_equal(crypto_password_verify("nonsense", "correct horse", 13), ERR_REFUSED);
    assert_int_equal(crypto_password_verify(hash, long_one, sizeof long_one), ERR_REFUSED);
    assert_int_equal(crypto_password_hash(long_one, sizeof long_one, hash), ERR_INVALID);
    assert_false(crypto_password_is_old(hash));
    assert_true(crypto_password_is_old(
        "$argon2id$v=19$m=4096,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}

static void tokens_are_long_distinct_and_tell_what_they_are(void **state) {
    char one[CRYPTO_TOKEN_BYTES], two[CRYPTO_TOKEN_BYTES];
    crypto_token_new("pdapi", one);
    crypto_token_new("pdapi", two);
    assert_int_equal(strlen(one), 5 + 1 + 43);
    assert_int_equal(strncmp(one, "pdapi_", 6), 0);
    assert_string_not_equal(one, two);
    uint8_t a[32], b[32];
    crypto_token_hash(one, strlen(one), a);
    crypto_token_hash(two, strlen(two), b);
    assert_false(crypto_equal(a, b, 32));
    crypto_token_hash(one, strlen(one), b);
    assert_true(crypto_equal(a, b, 32));
}

static void text_forms_go_both_ways_and_refuse_the_rest(void **state) {
    uint8_t bytes[4];
    char text[16];
    size_t len;
    assert_int_equal(crypto_from_hex("00fF10a5", 8, bytes, 4), ERR_NONE);
    check_hex(bytes, 4, "00ff10a5");
    assert_int_equal(crypto_from_hex("00ff10a", 7, bytes, 4), ERR_INVALID);
    assert_int_equal(crypto_from_hex("00ff10ag", 8, bytes, 4), ERR_INVALID);
    assert_int_equal(crypto_from_hex("00 ff 10", 8, bytes, 4), ERR_INVALID);
    crypto_to_base64url("\xff\xfe\xfd\xfc", 4, text);
    assert_string_equal(text, "__79_A");
    assert_int_equal(crypto_from_base64url("__79_A", 6, bytes, 4, &len), ERR_NONE);
    assert_int_equal(len, 4);
    assert_int_equal(crypto_from_base64url("__79_A==", 8, bytes, 4, &len), ERR_INVALID);
    assert_int_equal(crypto_from_base64url("__79_AAA", 8, bytes, 4, &len), ERR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_file_is_checked),
        cmocka_unit_test(a_key_file_is_made_but_never_overwritten),
        cmocka_unit_test(a_sealed_field_opens_only_in_its_place),
        cmocka_unit_test(adding_a_key_keeps_old_fields_and_the_index),
        cmocka_unit_test(hashes_have_their_known_answers),
        cmocka_unit_test(webhooks_are_signed_as_the_standard_says),
        cmocka_unit_test(passwords_are_hashed_slowly_and_verified),
        cmocka_unit_test(tokens_are_long_distinct_and_tell_what_they_are),
        cmocka_unit_test(text_forms_go_both_ways_and_refuse_the_rest),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
