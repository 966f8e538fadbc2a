;; Masks while copying: dst[i] = src[i] xor key[i & 3] for i < len (RFC 6455 section 5.3).
;;
;; `key` is the frame's masking key read as a little-endian word. The two ranges may be the same, and must not overlap in
;; part. Sizes are not checked here: the caller does, because a range that is too long would run into another slot.
;;
;; `npm run build:kernel` assembles this file into mask-kernel.ts; a test compares the two.
(module
  (import "relay" "memory" (memory 1))
  (func (export "mask") (param $src i32) (param $dst i32) (param $len i32) (param $key i32)
    (local $keys v128)
    (local $end i32)
    (local.set $keys (i32x4.splat (local.get $key)))

    ;; 64 bytes at a time: one cache line.
    (local.set $end (i32.add (local.get $src) (i32.and (local.get $len) (i32.const -64))))
    (block $lines_done
      (loop $lines
        (br_if $lines_done (i32.ge_u (local.get $src) (local.get $end)))
        (v128.store (local.get $dst)
          (v128.xor (v128.load (local.get $src)) (local.get $keys)))
        (v128.store offset=16 (local.get $dst)
          (v128.xor (v128.load offset=16 (local.get $src)) (local.get $keys)))
        (v128.store offset=32 (local.get $dst)
          (v128.xor (v128.load offset=32 (local.get $src)) (local.get $keys)))
        (v128.store offset=48 (local.get $dst)
          (v128.xor (v128.load offset=48 (local.get $src)) (local.get $keys)))
        (local.set $src (i32.add (local.get $src) (i32.const 64)))
        (local.set $dst (i32.add (local.get $dst) (i32.const 64)))
        (br $lines)))

    ;; Up to 48 bytes, 16 at a time.
    (local.set $end (i32.add (local.get $src) (i32.and (local.get $len) (i32.const 48))))
    (block $vectors_done
      (loop $vectors
        (br_if $vectors_done (i32.ge_u (local.get $src) (local.get $end)))
        (v128.store (local.get $dst)
          (v128.xor (v128.load (local.get $src)) (local.get $keys)))
        (local.set $src (i32.add (local.get $src) (i32.const 16)))
        (local.set $dst (i32.add (local.get $dst) (i32.const 16)))
        (br $vectors)))

    ;; Up to 15 bytes; all before were whole keys, so these begin with the key's first byte.
    (local.set $end (i32.add (local.get $src) (i32.and (local.get $len) (i32.const 15))))
    (block $bytes_done
      (loop $bytes
        (br_if $bytes_done (i32.ge_u (local.get $src) (local.get $end)))
        (i32.store8 (local.get $dst)
          (i32.xor (i32.load8_u (local.get $src)) (local.get $key)))
        (local.set $key (i32.rotr (local.get $key) (i32.const 8)))
        (local.set $src (i32.add (local.get $src) (i32.const 1)))
        (local.set $dst (i32.add (local.get $dst) (i32.const 1)))
        (br $bytes)))))
