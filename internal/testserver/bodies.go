package testserver

import (
	"bytes"
	"io"
	"mime/multipart"
)

// MultipartForm returns a form with an uploaded file.
func MultipartForm(fields map[string]string, file []byte) (contentType string, body []byte) {
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	for name, value := range fields {
		_ = form.WriteField(name, value)
	}
	part, _ := form.CreateFormFile("photo", "photo.jpg")
	_, _ = part.Write(file)
	_ = form.Close()
	return form.FormDataContentType(), out.Bytes()
}

// BinaryContent returns n bytes of every value, and then what could be mistaken for the end of a body.
func BinaryContent(n int) []byte {
	content := make([]byte, n)
	for i := range content {
		content[i] = byte(i*i + i>>3)
	}
	return append(content, "\r\n--\x00\xff\r\n"...)
}

// OnlyReader hides the length of its content, so that it is sent in chunks.
type OnlyReader struct{ io.Reader }
