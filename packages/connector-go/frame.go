package connector

import "slices"

// Limits of one frame of SendStream and ReceiveStream; a single larger message has a frame of its own.
const (
	maxFrameMessages = 256
	maxFrameBytes    = 1 << 20
)

// Limits of what one stream may hold, either way.
const (
	maxHeldMessages = 1024
	maxHeldBytes    = 64 << 20
)

// sizeOf is what counts against credits and frames: the bytes of payload and headers.
func sizeOf(payload []byte, headers map[string]string) int {
	size := len(payload)
	for name, value := range headers {
		size += len(name) + len(value)
	}
	return size
}

// takeFrame takes from the head of the queue what fits into one frame, and at least one item if most
// allows.
func takeFrame[T any](queue *[]T, size func(T) int, most int) []T {
	limit := min(most, maxFrameMessages, len(*queue))
	bytes, count := 0, 0
	for count < limit {
		bytes += size((*queue)[count])
		if count > 0 && bytes > maxFrameBytes {
			break
		}
		count++
	}
	frame := slices.Clone((*queue)[:count])
	clear((*queue)[:count]) // which the queue's array would keep alive
	*queue = (*queue)[count:]
	return frame
}
