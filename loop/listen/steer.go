package listen

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Program chooses the socket that a new connection goes to, of a group that shares a port: classic BPF, which the kernel runs
// for each. Sockets count from 0, in the order in which they were bound. Where it names one that there is not, the kernel
// chooses by its own hash of both addresses and ports.
type Program []unix.SockFilter

// Random goes to count sockets at random, from the first'th on.
func Random(first, count int) Program {
	return Program{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0xfffff000 + 56}, // SKF_AD_OFF + SKF_AD_RANDOM
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(count)},
		{Code: unix.BPF_ALU | unix.BPF_ADD | unix.BPF_K, K: uint32(first)},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
}

// Key makes one choice by address differ from another: who does not know it cannot find addresses that all go to one socket.
type Key uint32

// The factors of the hash, both odd: those of MurmurHash's last step, which spread every bit over all higher ones.
const (
	spreads      = 0x85ebca6b
	spreadsAgain = 0xc2b2ae35
)

// Of is what ByAddress chooses for an address, of count. It takes the first half of one of IPv6: a client, or its household, has
// the rest to itself and changes it.
func (k Key) Of(client netip.Addr, count int) int {
	var h uint32
	if client = client.Unmap(); client.Is4() {
		b := client.As4()
		h = word(b[:])
	} else {
		b := client.As16()
		h = word(b[:4]) ^ word(b[4:8])
	}
	h = (h ^ uint32(k)) * spreads
	h = (h ^ h>>15) * spreadsAgain
	return int(h >> 16 % uint32(count))
}

// word reads four bytes as the kernel loads them.
func word(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// ByAddress goes to count sockets, from the first'th on, by the address that the connection comes from: all of one address go to
// the same, whatever listener of this kind they come by. It takes IPv4 and IPv6, also where one socket has both.
func (k Key) ByAddress(first, count int) Program {
	const network = 0xfff00000 // SKF_NET_OFF: from the head of the IP packet on
	return Program{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: network},
		{Code: unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K, K: 4},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 6, Jf: 5},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: network + 8}, // source of IPv6
		{Code: unix.BPF_MISC | unix.BPF_TAX},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: network + 12},
		{Code: unix.BPF_ALU | unix.BPF_XOR | unix.BPF_X},
		{Code: unix.BPF_JMP | unix.BPF_JA, K: 1},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: network + 12}, // source of IPv4
		{Code: unix.BPF_ALU | unix.BPF_XOR | unix.BPF_K, K: uint32(k)},
		{Code: unix.BPF_ALU | unix.BPF_MUL | unix.BPF_K, K: spreads},
		{Code: unix.BPF_MISC | unix.BPF_TAX},
		{Code: unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K, K: 15},
		{Code: unix.BPF_ALU | unix.BPF_XOR | unix.BPF_X},
		{Code: unix.BPF_ALU | unix.BPF_MUL | unix.BPF_K, K: spreadsAgain},
		{Code: unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K, K: 16},
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(count)},
		{Code: unix.BPF_ALU | unix.BPF_ADD | unix.BPF_K, K: uint32(first)},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
}

// Steer has a program choose for the group that a socket is in. Where the kernel cannot, its own choice stays.
func Steer(group *os.File, by Program) error {
	return with(group, func(number int) error {
		return unix.SetsockoptSockFprog(number, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
			&unix.SockFprog{Len: uint16(len(by)), Filter: &by[0]})
	})
}

// Unsteer leaves the choice to the kernel again.
func Unsteer(group *os.File) error {
	return with(group, func(number int) error {
		return unix.SetsockoptInt(number, unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0)
	})
}

// with calls use with the number of a file. Its Fd would have all copies of the socket block, in whichever process.
func with(file *os.File, use func(number int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var fault error
	if err := raw.Control(func(number uintptr) { fault = use(int(number)) }); err != nil {
		return err
	}
	return fault
}
