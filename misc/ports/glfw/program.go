package main

import (
	"fmt"
	"strings"

	"github.com/go-gl/gl/v3.3-core/gl"
)

// The program of OpenGL draws a rectangle, given by two of its corners, in one color.
const (
	rectAttrib  = 0
	colorAttrib = 1

	vertexShader = `#version 330 core
layout(location = 0) in vec4 rect;
layout(location = 1) in vec3 color;
flat out vec3 c;
void main() {
	float x = (gl_VertexID & 1) == 0 ? rect.x : rect.z;
	float y = (gl_VertexID & 2) == 0 ? rect.y : rect.w;
	gl_Position = vec4(x, y, 0, 1);
	c = color;
}
`

	fragmentShader = `#version 330 core
flat in vec3 c;
out vec4 color;
void main() { color = vec4(c, 1); }
`
)

func useProgram() error {
	program := gl.CreateProgram()
	for _, s := range []struct {
		kind   uint32
		source string
	}{{gl.VERTEX_SHADER, vertexShader}, {gl.FRAGMENT_SHADER, fragmentShader}} {
		shader := gl.CreateShader(s.kind)
		source, free := gl.Strs(s.source + "\x00")
		gl.ShaderSource(shader, 1, source, nil)
		free()
		gl.CompileShader(shader)
		gl.AttachShader(program, shader)
	}
	gl.LinkProgram(program)
	var linked int32
	gl.GetProgramiv(program, gl.LINK_STATUS, &linked)
	if linked == gl.FALSE {
		said := make([]byte, 1000)
		gl.GetProgramInfoLog(program, int32(len(said)), nil, &said[0])
		return fmt.Errorf("OpenGL does not take the shaders: %s", strings.TrimRight(string(said), "\x00\n"))
	}
	gl.UseProgram(program)
	var array uint32
	gl.GenVertexArrays(1, &array)
	gl.BindVertexArray(array)
	return nil
}
