// Proved by TestLink, TestSlowLink, TestSockets, TestNobody and TestStranger.

package handover

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Socket is a listening socket that goes over. Several may have one name.
type Socket struct {
	Name string
	File *os.File
}

const (
	mostNames = 1 << 20 // bytes
	atOnce    = 100     // sockets in one message of the kernel's, which takes 253
)

// sendSockets sends sockets. They stay open here.
func sendSockets(conn *net.UnixConn, sockets []Socket) error {
	names := make([]string, 0, len(sockets))
	for _, s := range sockets {
		names = append(names, s.Name)
	}
	text, err := json.Marshal(names)
	if err != nil {
		return err
	}
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)); err != nil {
		return err
	}
	for len(sockets) > 0 {
		n := min(len(sockets), atOnce)
		files := make([]int, 0, n)
		for _, s := range sockets[:n] {
			number, err := numberOf(s.File)
			if err != nil {
				return err
			}
			files = append(files, number)
		}
		if _, _, err := conn.WriteMsgUnix([]byte{byte(n)}, unix.UnixRights(files...), nil); err != nil {
			return err
		}
		sockets = sockets[n:]
	}
	return nil
}

// numberOf is a file's number. Its Fd would have all copies of the socket block, in whichever process.
func numberOf(file *os.File) (number int, err error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	err = raw.Control(func(fd uintptr) { number = int(fd) })
	return number, err
}

// receiveSockets receives what sendSockets sends.
func receiveSockets(conn *net.UnixConn) (sockets []Socket, err error) {
	defer func() {
		if err != nil {
			CloseAll(sockets)
			sockets = nil
		}
	}()
	head := make([]byte, 4)
	if _, err = io.ReadFull(conn, head); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head)
	if length > mostNames {
		return nil, fmt.Errorf("%d bytes of names", length)
	}
	text := make([]byte, length)
	if _, err = io.ReadFull(conn, text); err != nil {
		return nil, err
	}
	var names []string
	if err = json.Unmarshal(text, &names); err != nil {
		return nil, err
	}
	for len(sockets) < len(names) {
		files, err := receiveFiles(conn)
		for _, file := range files {
			sockets = append(sockets, Socket{File: file})
		}
		if err != nil {
			return sockets, err
		}
		if len(sockets) > len(names) {
			return sockets, errors.New("more sockets than names")
		}
	}
	for i, name := range names {
		sockets[i].Name = name
	}
	return sockets, nil
}

// receiveFiles receives the files of one message.
func receiveFiles(conn *net.UnixConn) (files []*os.File, err error) {
	count, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4*atOnce))
	n, size, _, _, err := conn.ReadMsgUnix(count, rights)
	if err != nil {
		return nil, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:size])
	if err != nil {
		return nil, err
	}
	for i := range messages {
		numbers, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			return files, err
		}
		for _, number := range numbers {
			unix.CloseOnExec(number)
			files = append(files, os.NewFile(uintptr(number), "socket"))
		}
	}
	if n != 1 || len(files) != int(count[0]) || len(files) == 0 {
		return files, fmt.Errorf("%d sockets came, of %d", len(files), count[0])
	}
	return files, nil
}

// CloseAll closes sockets.
func CloseAll(sockets []Socket) {
	for _, s := range sockets {
		s.File.Close()
	}
}
