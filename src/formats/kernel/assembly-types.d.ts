// The number types of AssemblyScript in the files that both compilers read.

declare type usize = number;
declare type u32 = number;
