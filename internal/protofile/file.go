// Package protofile reads .proto files while the gateway runs, and turns messages of the types in them into JSON and back. Its main
// type is File; Load makes one. It does not match requests and knows nothing of frames.
package protofile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// maxFile is the longest file that is read, in bytes.
const maxFile = 4 << 20

// include are the folders that Kong looks for imports in, too.
var include = []string{"/usr/local/kong/include", "/usr/include", "."}

// File is a .proto file with what it imports.
type File struct {
	// Methods are those of the services in the file and in files that it imports publicly, these first, in the order of the text.
	Methods []*Method

	byPath   map[string]*Method
	resolver *dynamicpb.Types // of all types, also of files that are imported by imported ones
}

// Method is a method of a service.
type Method struct {
	Path            string // that a call is sent to: "/package.Service/Method"
	Input, Output   protoreflect.MessageDescriptor
	ServerStreaming bool
	// Rules say which requests of HTTP are calls of the method: its google.api.http option, and the additional bindings in it.
	Rules []*annotations.HttpRule

	file *File
}

// Load reads a file and what it imports: from the file's own folder, from the folders that Kong takes as well
// (/usr/local/kong/include, /usr/include, the working directory), and for google/protobuf/ and google/api/ from the gateway itself.
// Errors name the file, line and column.
func Load(name string) (*File, error) {
	dir, base := filepath.Split(name)
	if dir == "" {
		dir = "."
	}
	disk := &protocompile.SourceResolver{ImportPaths: append([]string{dir}, include...), Accessor: open}
	compiler := protocompile.Compiler{
		Resolver: protocompile.CompositeResolver{protocompile.ResolverFunc(builtin), disk},
		Reporter: reporter.NewReporter(nil, nil), // the first error ends it
	}
	// The file itself has to be the one that was named, wherever else there is one of the name.
	if f, err := open(name); err != nil {
		return nil, err
	} else if err := f.Close(); err != nil {
		return nil, err
	}
	files, err := compiler.Compile(context.Background(), base)
	if err != nil {
		return nil, err
	}
	all := new(protoregistry.Files)
	if err := register(all, files[0]); err != nil {
		return nil, err
	}
	f := &File{byPath: map[string]*Method{}, resolver: dynamicpb.NewTypes(all)}
	if err := f.add(files[0], map[string]bool{}); err != nil {
		return nil, err
	}
	if len(f.Methods) == 0 {
		return nil, fmt.Errorf("%s: no service has a method", name)
	}
	return f, nil
}

// open opens a file to read. What is no regular file, as a pipe or device, or too long, is not read.
func open(name string) (io.ReadCloser, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxFile)
	}
	return os.Open(name)
}

// builtin finds the files that are part of the gateway. They come before those on disk, which may be of another version.
func builtin(path string) (protocompile.SearchResult, error) {
	if !strings.HasPrefix(path, "google/api/") && !strings.HasPrefix(path, "google/protobuf/") {
		return protocompile.SearchResult{}, protoregistry.NotFound
	}
	fd, err := protoregistry.GlobalFiles.FindFileByPath(path)
	return protocompile.SearchResult{Desc: fd}, err
}

// register puts a file and what it imports into all.
func register(all *protoregistry.Files, fd protoreflect.FileDescriptor) error {
	if _, err := all.FindFileByPath(fd.Path()); err == nil {
		return nil
	}
	for i := range fd.Imports().Len() {
		if err := register(all, fd.Imports().Get(i).FileDescriptor); err != nil {
			return err
		}
	}
	return all.RegisterFile(fd)
}

// add takes the methods of a file.
func (f *File) add(fd protoreflect.FileDescriptor, seen map[string]bool) error {
	if seen[fd.Path()] {
		return nil
	}
	seen[fd.Path()] = true
	for i := range fd.Imports().Len() {
		if sub := fd.Imports().Get(i); sub.IsPublic {
			if err := f.add(sub.FileDescriptor, seen); err != nil {
				return err
			}
		}
	}
	for i := range fd.Services().Len() {
		service := fd.Services().Get(i)
		for k := range service.Methods().Len() {
			m, err := newMethod(f, service, service.Methods().Get(k))
			if err != nil {
				return fmt.Errorf("%s: method %s: %w", fd.Path(), service.Methods().Get(k).FullName(), err)
			}
			f.Methods = append(f.Methods, m)
			f.byPath[m.Path] = m
		}
	}
	return nil
}

func newMethod(f *File, service protoreflect.ServiceDescriptor, d protoreflect.MethodDescriptor) (*Method, error) {
	m := &Method{Path: fmt.Sprintf("/%s/%s", service.FullName(), d.Name()), Input: d.Input(), Output: d.Output(),
		ServerStreaming: d.IsStreamingServer(), file: f}
	// The option's type in a compiled file is not the one that is linked into the gateway: written and read again it is.
	text, err := proto.Marshal(d.Options())
	if err != nil {
		return nil, err
	}
	var o descriptorpb.MethodOptions
	if err := proto.Unmarshal(text, &o); err != nil {
		return nil, err
	}
	rule, ok := proto.GetExtension(&o, annotations.E_Http).(*annotations.HttpRule)
	if !ok || rule == nil {
		return m, nil
	}
	m.Rules = append(m.Rules, rule)
	for _, more := range rule.GetAdditionalBindings() {
		if len(more.GetAdditionalBindings()) > 0 {
			return nil, errors.New("additional_bindings within additional_bindings")
		}
		m.Rules = append(m.Rules, more)
	}
	return m, nil
}

// Method returns the method that calls of a path are for, or nil.
func (f *File) Method(path string) *Method { return f.byPath[path] }
