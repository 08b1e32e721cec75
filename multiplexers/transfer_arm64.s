#include "textflag.h"

// func transfer(e Entry, trap uintptr, fd int, p *byte, n int) (done int, errno unix.Errno)
TEXT ·transfer(SB), NOSPLIT, $0-56
	MOVBU e+0(FP), R0
	CMP   $1, R0 // Raw
	BNE   runtime
	MOVD  trap+8(FP), R8
	MOVD  fd+16(FP), R0
	MOVD  p+24(FP), R1
	MOVD  n+32(FP), R2
	MOVD  ZR, R3
	MOVD  ZR, R4
	MOVD  ZR, R5
	SVC
	CMN   $4095, R0 // errors are the numbers from -4095 on
	BCS   failed
	MOVD  R0, done+40(FP)
	MOVD  ZR, errno+48(FP)
	RET

failed:
	NEG  R0, R0
	MOVD ZR, done+40(FP)
	MOVD R0, errno+48(FP)
	RET

runtime:
	JMP ·transferRuntime(SB)
